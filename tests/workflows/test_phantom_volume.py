"""`metgan phantom OUT --volume`: what is asked for is written, and what it cannot heed is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from metgan.cli.app import app
from metgan.errors import SettingError, StorageError
from metgan.images import OmeZarrImage
from metgan.phantom import PhantomVolume
from metgan.progress import Event, Note
from metgan.workflows import OutputPolicy, PhantomRequest, phantom

pytestmark = pytest.mark.volume


def test_a_volume_is_written_from_the_command_line(tmp_path: Path) -> None:
    out = tmp_path / "p.ome.zarr"
    app(
        [
            "phantom",
            str(out),
            "--volume",
            "5",
            "48",
            "60",
            "--voxel-size-um",
            "10",
            "6.5",
            "6.5",
            "--seed",
            "2",
        ]
    )
    store = OmeZarrImage.open(out)
    assert store.channel_names == ("autofluorescence", "tumour")
    assert store.label_names == ("tumours",)
    image, _ = PhantomVolume((5, 48, 60), (10, 6.5, 6.5), seed=2).draw((slice(None),) * 3)
    np.testing.assert_array_equal(store.read((slice(None),) * 4), image)


def test_a_finished_volume_is_told_and_another_is_refused(tmp_path: Path) -> None:
    out, told = tmp_path / "p.ome.zarr", list[Event]()
    phantom(PhantomRequest(out=out, volume=(2, 48, 48)), told.append)
    with pytest.raises(StorageError, match="already holds"):
        phantom(PhantomRequest(out=out, volume=(2, 48, 48)), told.append)
    phantom(PhantomRequest(out=out, volume=(2, 48, 48), output=OutputPolicy(resume=True)), told.append)
    assert [e.text for e in told if isinstance(e, Note)] == [
        f"{out} holds this volume already; nothing was drawn"
    ]
    phantom(PhantomRequest(out=out, volume=(3, 48, 48), output=OutputPolicy(overwrite=True)), told.append)
    assert OmeZarrImage.open(out).shape == (2, 3, 48, 48)


def test_a_folder_of_what_a_late_worker_left_is_no_part_to_resume(tmp_path: Path) -> None:
    out, told = tmp_path / "p.ome.zarr", list[Event]()
    (tmp_path / "p.ome.zarr.part/0123456789abcdef/store/0/c").mkdir(parents=True)
    phantom(PhantomRequest(out=out, volume=(2, 48, 48), output=OutputPolicy(resume=True)), told.append)
    assert f"there is no part of {out} to resume; starting it" in [
        e.text for e in told if isinstance(e, Note)
    ]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"pairs": 3}, "--pairs with --volume"),
        ({"laboratory": "crowded", "missed": 0.1}, "--laboratory and --missed with --volume"),
        ({"size": 64}, "--size with --volume"),
        ({"animals": 1, "outline_noise": 1.0}, "--animals and --outline-noise with --volume"),
        ({"volume": None, "voxel_size_um": (8.0, 8.0, 8.0)}, "without --volume"),
        ({"volume": (4, 20, 64)}, "rows is 20"),
        ({"voxel_size_um": (8.0, 8.0, 0.0)}, "voxel_size_um is 0.0"),
        ({"seed": -1}, "seed is -1"),
        ({}, "an OME-Zarr called p; .* Call it p.ome.zarr"),
    ],
)
def test_options_that_do_not_go_with_a_volume_are_refused(options: dict[str, object], named: str) -> None:
    with pytest.raises(SettingError, match=named):
        PhantomRequest(**{"out": Path("p"), "volume": (4, 64, 64), **options})  # type: ignore[arg-type]
