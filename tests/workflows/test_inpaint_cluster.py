"""`metgan inpaint` on Dask: the bytes of one process, whoever is killed; and errors that say what to do."""

from __future__ import annotations

import os
import pickle
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import dask
import distributed
import numpy as np
import pytest
import zarr

from metgan.errors import SettingError, ShortMemoryError, StorageError
from metgan.images import ArrayImage, OmeZarrWriter, layout_like, write_ome_zarr
from metgan.workflows import (
    ClusterChoice,
    InpaintRequest,
    OutputPolicy,
    VolumeRecipeChoice,
    cluster,
    inpaint_cluster,
)
from metgan.workflows.inpaint_cluster import BlockTask

from .conftest import call, files, request

SCAN = np.random.default_rng(0).integers(100, 4000, (2, 1, 40, 320)).astype(np.uint16)  # CZYX: 5 blocks
SCAN[..., :100] = 0
LABEL = np.zeros(SCAN.shape[1:], np.uint8)
LABEL[:, 8:16, 220:231] = 1
PATIENCE = 240.0
DASK = "from distributed.cli.dask_{0} import main; main()"
pytestmark = [pytest.mark.volume, pytest.mark.usefixtures("one_thread")]


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    image, labels = ArrayImage(SCAN, "CZYX"), {"spots": ArrayImage(LABEL, "ZYX")}
    layout = replace(layout_like(image, labels), blocks=(1, 1, 40, 128))
    write_ome_zarr(tmp_path / "scan.ome.zarr", image, labels, layout)
    return tmp_path / "scan.ome.zarr"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[distributed.Client]:
    """Two workers that are threads of this process, for every call with --workers."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as two,
        distributed.Client(two, set_as_default=False) as client,
    ):

        @contextmanager
        def connected(choice: ClusterChoice) -> Iterator[Any]:
            yield client if choice.workers else None

        monkeypatch.setattr(sys.modules[InpaintRequest.__module__], "connected", connected)
        inpaint_cluster._open_once.cache_clear()
        yield client


WORKERS = ClusterChoice(workers=2)
RESUME = OutputPolicy(resume=True)


def test_workers_write_the_bytes_of_one_process_and_say_no_more(
    run: Path, scan: Path, tmp_path: Path, here: distributed.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, said = call(request(run, scan, tmp_path / "one.zarr"))
    monkeypatch.chdir(tmp_path)
    asked = request(run, Path("scan.ome.zarr"), Path("two.zarr"), cluster=WORKERS)
    monkeypatch.setattr(cluster, "_LOOK_S", 0.05)
    two, also_said = call(asked)
    assert files(one.out) == files(two.out)
    assert len(said) == len(also_said)
    assert two.speed is not None
    assert two.speed.voxels == SCAN[0].size


def test_a_worker_opens_the_run_anew_for_each_call(
    run: Path, scan: Path, tmp_path: Path, here: distributed.Client
) -> None:
    """Workers of a scheduler outlive a call; the run may have been trained anew under the same path."""
    before = inpaint_cluster._open_once.cache_info().misses
    for _ in range(2):
        call(request(run, scan, tmp_path / "one.zarr", cluster=WORKERS, output=OutputPolicy(overwrite=True)))
    assert inpaint_cluster._open_once.cache_info().misses == before + 2


def test_workers_draw_the_label_that_one_process_draws(
    run: Path, scan: Path, tmp_path: Path, here: distributed.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a recipe measures is measured once; the path of another mask is seen from another folder."""
    monkeypatch.chdir(tmp_path)
    recipe = VolumeRecipeChoice(
        recipe="grown",
        density_per_mm3=20_000,
        diameters_um=(10, 20, 40),
        real_tumours=Path("scan.ome.zarr/labels/spots"),
    )
    drawn = {"labels": None, "recipe": recipe, "voxel_size_um": (5.0, 2.0, 2.0)}
    one, _ = call(request(run, scan, tmp_path / "one.zarr", **drawn))
    label = zarr.open_array(one.out / "labels" / "tumours" / "0", mode="r")[:]
    assert label.any()
    assert not (label & LABEL).any()
    two, _ = call(request(run, Path("scan.ome.zarr"), Path("two.zarr"), cluster=WORKERS, **drawn))
    assert files(one.out) == files(two.out)


def test_each_block_is_a_task_and_few_are_submitted_at_once(
    here: distributed.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted: list[int] = []
    before = here.submit
    monkeypatch.setattr(here, "submit", lambda *given, **more: submitted.append(1) or before(*given, **more))
    results = cluster.completed(here, abs, range(-40, 0))
    first = next(results)
    assert len(submitted) == 4
    assert sorted([first, *results]) == [*range(1, 41)]
    assert len(submitted) == 40


def test_an_error_of_a_worker_is_told_as_it_is_and_resuming_computes_what_is_missing(
    run: Path, scan: Path, tmp_path: Path, here: distributed.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chunk of the volume vanishes while blocks are computed, and comes back."""
    chunk, kept = scan / "0" / "c" / "0" / "0" / "0" / "2", tmp_path / "chunk"
    written: list[int] = []
    before = OmeZarrWriter.write

    def write(self: OmeZarrWriter, block: Any, array: Any, label: str = "") -> None:
        before(self, block, array, label)
        if not label:
            written.append(block[-1].start)
            if chunk.exists() and len(written) == 1:
                chunk.rename(kept)

    monkeypatch.setattr(OmeZarrWriter, "write", write)
    asked = request(run, scan, tmp_path / "a.zarr", cluster=WORKERS, output=RESUME)
    with pytest.raises(StorageError, match=r"scan.ome.zarr/0.*expected"):
        call(asked)
    for _ in range(200):  # what was being computed
        if not here.processing() or not any(here.processing().values()):
            break
        time.sleep(0.05)
    kept.rename(chunk)
    done = [*written]
    assert 0 < len(done) < 5
    result, _ = call(asked)
    assert sorted(written) == [*range(0, 320, 64)]
    whole, _ = call(request(run, scan, tmp_path / "b.zarr"))
    assert files(result.out) == files(whole.out)


def task_of(writer: OmeZarrWriter, **more: Any) -> BlockTask:
    return BlockTask(pickle.dumps(partial(pytest.fail, "it opened the volume")), writer, **more)


def test_a_worker_with_another_version_or_without_the_folder_says_so(tmp_path: Path) -> None:
    layout = layout_like(ArrayImage(LABEL, "ZYX"), {})
    writer = OmeZarrWriter(tmp_path / "a.zarr", layout)
    job = (layout.all_blocks()[0], "")
    with pytest.raises(StorageError, match=rf"worker {socket.gethostname()} finds no .*a.zarr.part"):
        task_of(writer)(job)
    with pytest.raises(SettingError, match=r"and 0\.0\.9 here; expected the same on all"):
        task_of(writer, version="0.0.9")(job)


def test_a_worker_whose_call_was_killed_does_not_reach_the_volume_of_another_one(
    run: Path, scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has begun to write when another mode is asked for, and the volume begun anew."""
    whole, _ = call(request(run, scan, tmp_path / "whole.zarr", mode="insert"))
    tasks: list[BlockTask] = []

    def killed(client: Any, task: BlockTask, jobs: list[Any]) -> Iterator[Any]:
        tasks.append(task)
        yield task(jobs[-1])
        raise KeyboardInterrupt

    def disturbed(client: Any, task: BlockTask, jobs: list[Any]) -> Iterator[Any]:
        yield from map(task, jobs)
        opened[jobs[-1][0]] = 9
        with pytest.raises(StorageError, match=r"a\.zarr\.part"):
            tasks[0](jobs[-1])

    monkeypatch.setattr(sys.modules[InpaintRequest.__module__], "connected", lambda _: nullcontext(object()))
    monkeypatch.setattr(inpaint_cluster, "completed", killed)
    asked = request(run, scan, tmp_path / "a.zarr", cluster=WORKERS)
    with pytest.raises(KeyboardInterrupt):
        call(asked)
    opened = tasks[0].writer._array(0, "")
    monkeypatch.setattr(inpaint_cluster, "completed", disturbed)
    made, _ = call(replace(asked, mode="insert", output=OutputPolicy(overwrite=True)))
    assert files(made.out) == files(whole.out)
    assert not [*tmp_path.glob("*.part")]


def test_a_request_with_workers_and_a_scheduler_is_refused() -> None:
    with pytest.raises(SettingError, match=r"--workers 2 and --scheduler tcp://a:1; expected one of them"):
        ClusterChoice(workers=2, scheduler="tcp://a:1")


@pytest.mark.parametrize("address", ["", "host", "host:8786", "tcp://host", "tcp://:port"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(SettingError, match=r"scheduler is .*expected an address such as tcp://host:8786"):
        ClusterChoice(scheduler=address)


def test_without_dask_it_says_what_to_install_and_writes_nothing(
    run: Path, scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SettingError, match=r'pip install "metgan\[dask\]"'):
        call(request(run, scan, tmp_path / "a.zarr", cluster=WORKERS))
    assert not [*tmp_path.glob("a.zarr*")]


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_S", 0.2)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with (
            pytest.raises(StorageError, match=f"no Dask scheduler answers at {address}"),
            cluster.connected(ClusterChoice(scheduler=address)),
        ):
            pass


@pytest.mark.parametrize(
    "gone", [distributed.comm.CommClosedError("closed"), distributed.CancelledError("lost")]
)
def test_a_scheduler_that_goes_while_a_result_is_fetched_is_called_so(gone: BaseException) -> None:
    class Future:
        def result(self) -> None:
            raise gone

    with pytest.raises(StorageError, match=r"the Dask scheduler has gone \(.*--resume"):
        cluster._result_of(Future())


def test_what_a_worker_could_not_read_is_no_fault_of_the_scheduler() -> None:
    class Future:
        def result(self) -> None:
            raise FileNotFoundError("chunk")

    with pytest.raises(FileNotFoundError):
        cluster._result_of(Future())


def patience(monkeypatch: pytest.MonkeyPatch, **seconds: str) -> None:
    for name, limit in seconds.items():
        (key,) = [key for key in cluster._PATIENCE if f"{name}-worker" in key]
        monkeypatch.setitem(cluster._PATIENCE, key, limit)


@pytest.mark.slow
def test_a_block_that_ends_every_worker_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a worker takes longer to start than Dask, as it is set up there, would wait."""
    patience(monkeypatch, no="30s")
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "0.1s"}),
        cluster.connected(ClusterChoice(workers=1)) as client,
        pytest.raises(ShortMemoryError, match=r"the same block has ended 4 workers.*Give fewer workers"),
    ):
        [*cluster.completed(client, os._exit, [9])]


@pytest.mark.slow
def test_a_call_ends_when_no_worker_starts_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    patience(monkeypatch, lost="0.1s", no="1s")
    with (
        cluster.connected(ClusterChoice(workers=1)) as client,
        pytest.raises(ShortMemoryError, match=r"all have ended, for 1 s.*--resume"),
    ):
        [*cluster.completed(client, os._exit, [9])]


def test_a_scheduler_that_no_worker_joins_is_given_up_and_called_so() -> None:
    with (
        dask.config.set({"distributed.scheduler.no-workers-timeout": "0.1s"}),
        distributed.LocalCluster(n_workers=0, dashboard_address=":0") as nobody,
        cluster.connected(ClusterChoice(scheduler=nobody.scheduler_address)) as client,
        pytest.raises(
            ShortMemoryError, match=r"no worker has joined, or all have ended, .* with dask worker"
        ),
    ):
        [*cluster.completed(client, abs, [9])]


def test_an_error_of_dask_at_the_end_does_not_hide_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """It raises one of its own when a worker is just being started again."""
    before = distributed.LocalCluster.close

    def close(self: distributed.LocalCluster, timeout: float | None = None) -> None:
        before(self, timeout)
        raise AssertionError("can only join a started process")

    monkeypatch.setattr(distributed.LocalCluster, "close", close)
    with pytest.raises(ShortMemoryError, match="ours"), cluster.connected(ClusterChoice(workers=1)):
        raise ShortMemoryError("ours", "more", "Buy it")


class Machines:
    """A scheduler and two workers, each a process, and calls of `metgan inpaint` that use them."""

    def __init__(self, stack: ExitStack, folder: Path, words: list[str]) -> None:
        self.stack, self.folder, self.words = stack, folder, words
        self.environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()

    def start(self) -> None:
        python, quiet = [sys.executable, "-c"], ["--no-dashboard"]
        local = ["--host", "127.0.0.1", "--port", str(self.port), *quiet]
        self.scheduler = self.begin([*python, DASK.format("scheduler"), *local])
        joined = [f"tcp://127.0.0.1:{self.port}", "--no-nanny", "--nthreads", "1", *quiet]
        joined += ["--local-directory", str(self.folder / "dask")]
        self.workers = [self.begin([*python, DASK.format("worker"), *joined]) for _ in range(2)]

    def begin(self, words: list[str]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            words, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert process.stderr is not None
        self.stack.callback(process.stderr.close)
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        return process

    def inpaint(self, out: Path, *more: str) -> subprocess.Popen[bytes]:
        main = "from metgan.cli import main; main()"
        return self.begin([sys.executable, "-c", main, "inpaint", *self.words, "--out", str(out), *more])

    @property
    def of_scheduler(self) -> list[str]:
        return ["--scheduler", f"tcp://127.0.0.1:{self.port}"]


@pytest.fixture
def machines(run: Path, scan: Path, tmp_path: Path) -> Iterator[Machines]:
    words = [str(run), str(scan), "--labels", str(scan / "labels" / "spots"), "--block", "64"]
    with ExitStack() as stack:
        yield Machines(stack, tmp_path, [*words, "--device", "cpu"])


def marks(out: Path) -> dict[str, int]:
    """The image's blocks that are on the disk, and when they were noted; not what is being written."""
    part = out.with_name(out.name + ".part")
    found = [f for f in part.glob("*/done/0/*") if f.name.replace(".", "").isdigit()]
    return {f.name: f.stat().st_mtime_ns for f in found}


def ended(process: subprocess.Popen[bytes], status: int = 0) -> str:
    said = process.communicate(timeout=PATIENCE)[1].decode()
    assert process.returncode == status, said
    return said


def check_kill(machines: Machines, out: Path, victim: str, after: int, by: list[str]) -> None:
    call = machines.inpaint(out, *by)
    give_up = time.monotonic() + PATIENCE
    while len(marks(out)) < after and call.poll() is None:
        assert time.monotonic() < give_up
        time.sleep(0.005)
    assert call.poll() is None, call.communicate()[1].decode()
    killed = {"driver": call, "worker": machines.workers[0], "scheduler": machines.scheduler}[victim]
    killed.kill()
    first = {}
    if victim == "worker":
        ended(call)
    else:
        if victim == "driver":
            assert call.wait() == -signal.SIGKILL
        else:
            said = ended(call, 2)
            assert "the Dask scheduler has gone" in said.splitlines()[-1]
            for process in machines.workers:
                process.kill()
                process.wait()
            machines.start()
        time.sleep(1)  # what workers were computing
        first = marks(out)
        assert len(first) >= after  # all five where the machine was slow to kill
        assert not out.exists()
        ended(machines.inpaint(out, *by, "--resume"))
    for name, noted in first.items():  # as it was written before the kill
        assert (out / "0" / "c" / name.replace(".", "/")).stat().st_mtime_ns <= noted


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_whoever_is_killed_the_bytes_are_the_same_and_what_was_done_is_not_done_again(
    machines: Machines, tmp_path: Path
) -> None:
    ended(machines.inpaint(tmp_path / "whole.zarr"))
    whole = files(tmp_path / "whole.zarr")
    for victim in ("driver", "worker", "scheduler"):
        out = tmp_path / f"{victim}.zarr"
        check_kill(machines, out, victim, 2, machines.of_scheduler)
        assert files(out) == whole, victim
        if victim == "worker":
            machines.workers[0] = machines.workers[1]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_workers_of_a_killed_call_end_with_it_and_resuming_gives_the_same_bytes(
    machines: Machines, tmp_path: Path
) -> None:
    ended(machines.inpaint(tmp_path / "whole.zarr"))
    check_kill(machines, tmp_path / "cut.zarr", "driver", 2, ["--workers", "2"])
    assert files(tmp_path / "cut.zarr") == files(tmp_path / "whole.zarr")


@pytest.mark.nightly
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("victim", ["driver", "worker", "scheduler"])
@pytest.mark.parametrize("seed", range(10))
def test_kills_at_other_moments(machines: Machines, tmp_path: Path, victim: str, seed: int) -> None:
    ended(machines.inpaint(tmp_path / "whole.zarr"))
    after = random.Random(f"{victim} {seed}").randrange(1, 4)
    check_kill(machines, tmp_path / "cut.zarr", victim, after, machines.of_scheduler)
    assert files(tmp_path / "cut.zarr") == files(tmp_path / "whole.zarr")
