"""A small world that several folders of tests train in: drawn once, never written to afterwards."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import torch
from torch import nn

from metgan.data import PairSet, StoredPairs, write_pair, write_table
from metgan.models import MODEL_FILE, load_generator, save_model
from metgan.networks import MetGen
from metgan.phantom import PhantomSettings, write_phantom
from metgan.synthesis.refine import insert
from metgan.training import Engine, RunConfig, TrainConfig, load_data, train_segmentor

hypothesis.settings.register_profile("metgan", deadline=None)  # no test is timed
hypothesis.settings.load_profile("metgan")

PARTS = ["train"] * 5 + ["val"] * 2 + ["test"] * 3


@pytest.fixture(scope="session", autouse=True)
def no_world_stays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Remove the folders that fixtures made for many tests, also where one has failed; runs are large.

    Those of single tests are called as the test is, and stay where it failed. A worker of xdist has its own.
    """
    yield
    for folder in tmp_path_factory.getbasetemp().iterdir():
        if folder.is_symlink():
            folder.unlink()
        elif folder.is_dir() and not folder.name.startswith("test"):
            shutil.rmtree(folder)


@pytest.fixture(scope="session", autouse=True)
def nobody_waits_for_the_disk() -> Iterator[None]:
    """Have `os.fsync` return at once in this process: it is for power cuts, and takes a fifth of some tests.

    What a killed process has written stays in any case. Commands that tests start do wait.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture(autouse=True)
def random_numbers_are_the_same_each_time() -> None:
    """Seed the global generators, so that a test draws the same alone, beside others and each time.

    Fixtures of a module or the session are made before.
    """
    random.seed(0)
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002


@pytest.fixture(scope="session")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten phantom pairs of 64 x 64 pixels, each with a tumour, of three animals that are the three parts.

    pair    0 1 2 3 4   5 6    7 8 9
    animal  train       val    test
    """
    root = tmp_path_factory.mktemp("small-world") / "pairs"
    settings = PhantomSettings(size=64, empty_fraction=0, tumours_per_image=3)
    pairs = write_phantom(root, len(PARTS), settings, seed=0)
    rows = [
        {"name": entry.name, "group": f"animal-{part}", "organ": entry.organ, "split": part}
        for entry, part in zip(pairs, PARTS, strict=True)
    ]
    write_table(root, rows)
    return root


@pytest.fixture(scope="session")
def small_pairs(small_world: Path) -> PairSet:
    """The small world, opened."""
    return PairSet.open(small_world)


@pytest.fixture(scope="session")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four unlabelled pairs of 64 x 64 pixels, scan-0 to scan-3, of an animal that the small world lacks."""
    drawn, root = (tmp_path_factory.mktemp("scans") / name for name in ("drawn", "pairs"))
    settings = PhantomSettings(size=64, empty_fraction=0, tumours_per_image=3)
    for number, pair in enumerate(StoredPairs(write_phantom(drawn, 4, settings, seed=7))):
        write_pair(root, f"scan-{number}", pair.anatomy, pair.tumour, None)
    write_table(
        root, [{"name": f"scan-{k}", "group": "animal-scan", "organ": "lung", "split": ""} for k in range(4)]
    )
    return root


@pytest.fixture(scope="session")
def segmentor_run(small_pairs: PairSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A segmentor that has learned enough to see the brightest tumours of the small world."""
    folder = tmp_path_factory.mktemp("segmentor")
    config = TrainConfig(steps=50, batch_size=4, crop=64, learning_rate=3e-3, validations=2)
    engine = Engine(device="cpu", precision="fp32")
    train_segmentor(RunConfig("segmentor", "small", config, engine, 1000, folder), load_data(small_pairs, 0))
    return folder


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Heed SIGINT as at a terminal: what a shell has started in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Sums in one order, and no contest for the cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def settle() -> Callable[[MetGen], None]:
    """Return the normalisation layers of a network statistics of noise.

    Hardly trained networks have none that fit; their activations fade, and they paint flat images.
    """

    def settle(network: MetGen) -> None:
        noise = torch.Generator().manual_seed(0)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
        with torch.no_grad():
            for _ in range(3):
                side = 2 * network.stride
                image = torch.rand(1, 1, side, side, generator=noise) * 2 - 1
                network(image, network.embed((image > 0.8).float()))

    return settle


@pytest.fixture(scope="session")
def settle_run(settle: Callable[[MetGen], None]) -> Callable[[Path], None]:
    """Settle the model of a run folder."""

    def settle_run(run: Path) -> None:
        network, card = load_generator(run)
        settle(network.train())
        save_model(run / MODEL_FILE, network.state_dict(), card)

    return settle_run


@pytest.fixture
def every_tumour_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a segmentor of a few steps see whatever tumours are inserted in scans that it labelled."""
    monkeypatch.setattr(insert, "DEFAULT_THRESHOLD", 0.0)
