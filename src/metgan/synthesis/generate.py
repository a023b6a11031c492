"""New labelled pairs: a real anatomy, a label that was never drawn on it, and the generated image.

Each pair is a function of the seed and its number alone, so a killed generation goes on where it was, and
its first ten pairs are the ten of a shorter one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path

import torch

from metgan.data import TABLE, PairSet, join_names, write_pair, write_table
from metgan.errors import StorageError
from metgan.images import open_image
from metgan.io import has_file, hold_folder
from metgan.models import MOST_IMAGES, MOST_PIXELS
from metgan.progress import progress

from .contact_sheet import save_contact_sheet
from .gate import Gate, GatedPair, generate_pairs
from .inpainter import Inpainter
from .journal import close_table, finished_pairs, note_pairs, refuse_other_request
from .plans import PairPlans
from .request import GenerationRequest
from .summary import gate_columns, save_summary
from .tumour_image import measure_generated
from .workers import compute_ahead


def generate(
    inpainter: Inpainter, request: GenerationRequest, out: Path, gate: Gate | None = None
) -> PairSet:
    """Write `request.count` new pairs into `out` and give them as a pair set.

    Goes on where a killed call stopped: finished pairs are kept, and the bytes are the same as
    without the interruption. ``pairs.csv`` is filled when all pairs are there, and then ``contact_sheet.png``
    shows some of them.

    Parameters
    ----------
    inpainter : Inpainter
    request : GenerationRequest
    out : Path
        Folder of the pair set.
    gate : Gate or None
        Draws pairs again that fail, see `generate_pair`; ``gate.json`` sums up. None lets all pass.

    Raises
    ------
    ArrayError, SettingError
        When no label holds a tumour, the recipe cannot make one of what there is, an image is smaller than
        the network's minimum, or what is generated is flat, as by a model that is hardly trained.
    LeakageError
        When a source is, or was made of, what the generator's run tests on.
    StorageError
        When `out` holds more pairs, or pairs of another request, or is being written to.
    """
    request.refuse_held_out(inpainter.held_out)
    plans = PairPlans(request)  # refuses, before anything is written, what no pair can be made of
    with hold_folder(out, "metgan generate"):
        return _generate(inpainter, plans, out, gate)


def _generate(inpainter: Inpainter, plans: PairPlans, out: Path, gate: Gate | None) -> PairSet:
    request, settings = plans.request, _settings(inpainter, plans, gate)
    done = finished_pairs(out)
    if len(done) > request.count:
        raise StorageError(
            f"{out} holds {len(done)} pairs",
            f"at most {request.count}, as asked for now",
            "Ask for as many or more, or use --overwrite",
        )
    for row in done.values():
        refuse_other_request(row, settings, out)
    if not has_file(out / TABLE):
        write_table(out, [])  # until it is full, `PairSet.open` refuses a half-made set
    with progress("generate", request.count, len(done)) as advance:
        missing = [number for number in range(request.count) if str(number) not in done]
        used = (*request.anatomies, *request.donors) if missing else ()
        is_large = any(math.prod(open_image(entry.paths["anatomy"]).shape) > MOST_PIXELS for entry in used)
        step = 1 if is_large else MOST_IMAGES
        parts = [[*part] for _, part in groupby(missing, lambda number: number // step)]

        def compute(part: Sequence[int]) -> list[tuple[GatedPair, tuple[float, ...]]]:
            made = generate_pairs(inpainter, plans, part, gate)
            return [(one, measure_generated(inpainter, one.plan, one.tumour)) for one in made]

        is_alone = is_large or inpainter.device.type != "cpu"  # has all cores, or the card, and the memory
        workers = 1 if is_alone else torch.get_num_threads()
        plans.kept_of(inpainter)  # one for all threads
        with closing(compute_ahead(compute, parts, workers)) as computed:
            for part, made in zip(parts, computed, strict=True):  # in the order of their numbers
                numbered = zip(part, made, strict=True)
                rows = [_write(inpainter, *pair, number, out) | settings for number, pair in numbered]
                done |= zip(map(str, part), rows, strict=True)
                note_pairs(out, rows)
                for _ in rows:  # after the note: an interruption is heeded here
                    advance()
    close_table(out, [done[str(number)] for number in range(request.count)])
    pairs = PairSet.open(out)
    save_summary(pairs, out)
    save_contact_sheet(pairs, request.anatomies, inpainter.card.normalisation)
    return pairs


def _settings(inpainter: Inpainter, plans: PairPlans, gate: Gate | None) -> dict[str, str]:
    """Return what all pairs of a request have in common, as their provenance says."""
    return {
        "recipe": str(plans.request.recipe),
        "refine": "; ".join(map(str, plans.request.refine)),
        "seed": str(plans.request.seed),
        "model": inpainter.fingerprint,
        "drawn_from": plans.fingerprint,
        "limits": "" if gate is None else str(gate),
    }


def _write(
    inpainter: Inpainter, generated: GatedPair, got: Sequence[float], number: int, out: Path
) -> dict[str, object]:
    """Write one pair; return its provenance."""
    plan = generated.plan
    name = f"synthetic-{number:06d}"
    write_pair(out, name, plan.anatomy, generated.tumour, plan.label, plan.ignored)
    return {
        "number": number,
        "name": name,
        "group": plan.source.group,
        "organ": plan.source.organ,
        "split": "",
        **plan.origin,
        "got_contrasts": join_names(f"{contrast:.6g}" for contrast in got),
        **gate_columns(generated),
        "method": inpainter.card.method,
        "metgan": inpainter.card.metgan,
    }
