"""A phantom on disk: a pair set like any other, with the truth beside it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from metgan.data import PairSet, write_pair, write_table
from metgan.errors import StorageError
from metgan.images import write_image
from metgan.io import has_file, hold_folder, sync_folder, write_json
from metgan.progress import SLOW, progress

from .pairs import draw_pairs
from .settings import PhantomSettings


def write_phantom(out: Path | str, count: int, settings: PhantomSettings, seed: int) -> PairSet:
    """Draw `count` pairs into `out` and give them as a pair set.

    ``label/`` holds what the annotator drew, ``truth/`` what is there; the two differ only where label
    noise is asked for. Pairs are drawn again from the first after an interruption: the bytes are the same.
    The table is emptied first and filled last, so that `PairSet.open` refuses a half-drawn set.
    """
    out = Path(out)
    with hold_folder(out, "metgan phantom"):
        _refuse_other_request(out, {"pairs": count, "seed": seed, **asdict(settings)})
        write_table(out, [])
        rows = []
        with progress("phantom", count, every_s=SLOW) as advance:
            for pair in draw_pairs(count, settings, seed):
                write_pair(out, pair.name, pair.anatomy, pair.tumour, pair.label)
                write_image(out / "truth" / f"{pair.name}.tif", pair.truth.astype(np.uint8) * 255)
                rows.append({"name": pair.name, "group": pair.group, "organ": pair.organ, "split": ""})
                advance()
        sync_folder(out / "truth")
        write_table(out, rows)
        return PairSet.open(out)


def _refuse_other_request(out: Path, request: dict[str, Any]) -> None:
    """Note what is drawn, before it is; a folder with another phantom is left as it is."""
    note = out / "phantom.json"
    request = json.loads(json.dumps(request))  # a tuple is read back as a list
    if has_file(note) and json.loads(note.read_text(encoding="utf-8")) != request:
        raise StorageError(
            f"{out} holds a phantom with other settings",
            "the settings that it was begun with",
            "Use --overwrite to start anew",
        )
    write_json(note, request)
