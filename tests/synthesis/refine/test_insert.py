"""Painted tumours on a real tumour channel: what is added, and what stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from metgan.data import (
    ChannelScale,
    Entry,
    Normalisation,
    Pair,
    PairSet,
    StoredPairs,
    part_of,
    read_pair,
    write_pair,
)
from metgan.errors import ArrayError, EmptyDrawError, SettingError
from metgan.labels import Bank, Drawn, LabelRecipe, Merged, Real, leave_apart
from metgan.metrics import evaluate_detection
from metgan.models import SegmentorPredictor, pseudo_label
from metgan.objects import RING_GAP, sizes
from metgan.synthesis import (
    Contrast,
    GenerationRequest,
    Inpainter,
    Insert,
    Mix,
    Noise,
    PairPlan,
    PairPlans,
    PairStream,
    check_request,
    generate,
    generate_pair,
    insert_tumours,
    open_gate,
)
from metgan.synthesis.plans import draw_for

from ..conftest import generate_tumour

EIGHT = np.ones((3, 3), bool)


@pytest.fixture(params=[Real(), Merged(2), Bank()], ids=lambda recipe: recipe.name)
def request_of(request: pytest.FixtureRequest, small_pairs: PairSet) -> GenerationRequest:
    recipe: LabelRecipe = request.param
    train = part_of(small_pairs.entries, "train", None)
    return GenerationRequest(train, train, recipe, 2 * len(train), 0, (Insert(),))


@given(seed=st.integers(0, 2**32 - 1))
def test_light_is_added_to_the_label_and_fades_within_its_halo(seed: int) -> None:
    rng = np.random.default_rng(seed)
    asked = np.zeros((24, 24), bool)
    asked[8:12, 9:14] = True
    tumour_free = rng.integers(100, 200, asked.shape).astype(np.uint16)
    painted = rng.integers(50, 900, asked.shape).astype(np.uint16)
    real_tumour = rng.integers(1000, 2000, asked.shape).astype(np.uint16)
    laid = insert_tumours(real_tumour, painted, tumour_free, asked)
    added = laid.astype(int) - real_tumour
    light = np.maximum(painted.astype(int) - tumour_free, 0)
    assert np.array_equal(added[asked], light[asked])
    assert (added >= 0).all()
    assert (added <= light).all()
    far = ~ndimage.binary_dilation(asked, EIGHT, RING_GAP)
    assert np.array_equal(laid[far], real_tumour[far])


def test_an_image_of_a_camera_that_is_full_stays_within_its_range() -> None:
    asked = np.eye(5, dtype=bool)
    bright = np.full(asked.shape, 250, np.uint8)
    laid = insert_tumours(bright, bright, np.zeros_like(bright), asked)
    assert laid.dtype == np.uint8
    assert laid[asked].tolist() == [255] * 5


def test_new_tumours_touch_no_real_one_and_the_label_shows_both(request_of: GenerationRequest) -> None:
    plans = PairPlans(request_of)
    for number in range(request_of.count):
        plan = plans.draw(number)
        real = read_pair(plan.source)
        assert not (plan.asked & ndimage.binary_dilation(real.label, EIGHT, RING_GAP + 1)).any()
        assert np.array_equal(plan.label, plan.asked | real.label)
        assert len(sizes(plan.label)) == len(sizes(plan.asked)) + len(sizes(real.label))
        assert plan.origin["tumours"] == str(len(sizes(plan.label)))
        assert plan.origin["own_tumours"] == str(len(sizes(real.label)))
        assert plan.origin["labelled_by"] == ""


def test_all_but_the_new_tumours_is_the_real_image(
    inpainter: Inpainter, request_of: GenerationRequest
) -> None:
    """The generator is untrained and paints noise: what it paints elsewhere must not come through."""
    plan = PairPlans(request_of).draw(0)
    real = read_pair(plan.source).tumour
    tumour = generate_tumour(inpainter, plan)
    far = ~ndimage.binary_dilation(plan.asked, EIGHT, RING_GAP)
    assert np.array_equal(tumour[far], real[far])
    with_and_without = (inpainter.inpaint(plan.anatomy, label) for label in (plan.asked, plan.asked & False))
    assert np.array_equal(tumour, insert_tumours(real, *with_and_without, plan.asked))


def test_inserted_tumours_are_dimmed_before_they_are_added(
    inpainter: Inpainter, request_of: GenerationRequest
) -> None:
    faint = PairPlans(replace(request_of, refine=(Insert(), Contrast((1.0001,))))).draw(0)
    plain = PairPlans(request_of).draw(0)
    assert np.array_equal(faint.asked, plain.asked)
    real = read_pair(plain.source).tumour.astype(int)
    assert (
        0
        <= (generate_tumour(inpainter, faint) - real).sum()
        < (generate_tumour(inpainter, plain) - real).sum() / 10
    )


def test_tumours_that_meet_what_is_there_are_left_out_whole() -> None:
    label = np.array([[1, 1, 0, 1, 0], [0, 0, 0, 1, 0], [1, 0, 0, 0, 0]], bool)
    taken = np.zeros_like(label)
    taken[1, 3] = True
    left = leave_apart(Drawn(label, (0,), left_out=2), taken)
    assert left.label.astype(int).tolist() == [[1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [1, 0, 0, 0, 0]]
    assert left.left_out == 3
    with pytest.raises(EmptyDrawError, match="3 drawn tumours"):
        leave_apart(Drawn(label, (0,)), ~taken)


def test_a_request_names_that_it_inserts_and_refuses_what_it_cannot(request_of: GenerationRequest) -> None:
    assert str(request_of) == f"{request_of.recipe}; insert"
    bare = [replace(entry, paths={"anatomy": entry.paths["anatomy"]}) for entry in request_of.anatomies]
    with pytest.raises(SettingError, match="lack a channel or a label, to insert tumours in"):
        replace(request_of, anatomies=bare)


def test_a_tumour_channel_of_another_camera_is_refused(
    inpainter: Inpainter, request_of: GenerationRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert check_request(inpainter, request_of) >= 0
    folder = tmp_path_factory.mktemp("bytes")
    pair = read_pair(request_of.anatomies[0])
    write_pair(folder, "one", pair.anatomy, (pair.tumour // 256).astype(np.uint8), pair.label)
    with pytest.raises(ArrayError, match="uint8"):
        check_request(inpainter, replace(request_of, anatomies=PairSet.open(folder).entries))


SCALE = ChannelScale(100, 900, "uint16")


class Painting:
    """Paints tissue at 500 and tumours at four times that, or no tumours at all."""

    def __init__(self, light: int, ceiling: float | None = None) -> None:
        self.light = light
        self.card = SimpleNamespace(normalisation=Normalisation(SCALE, replace(SCALE, ceiling=ceiling)))

    def filled(self, anatomy: np.ndarray) -> np.ndarray:
        return np.zeros(anatomy.shape, bool)

    def inpaint(self, anatomy: np.ndarray, label: np.ndarray) -> np.ndarray:
        return np.where(label, self.light, 500 + np.arange(label.size).reshape(label.shape) % 2).astype("u2")

    def inpaint_all(self, images: list[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
        return [self.inpaint(*image) for image in images]


def reaching(contrast: float) -> Contrast:
    """Return the step that brings one tumour to a contrast."""
    return Contrast((contrast,), asked=(contrast,))


def scene() -> PairPlan:
    """A tumour asked for on tissue that is really at 1000, beside an own tumour and another bright thing."""
    asked, own = np.zeros((2, 64, 64), bool)
    asked[20:26, 20:26], own[40:46, 40:46] = True, True
    tumour = np.where(own, 3000, 1000).astype(np.uint16)
    tumour[50:60, 5:8] = 3000
    entry = Entry("real", "animal", "", "", {})
    real = Pair(entry, tumour // 2, tumour, own)
    return PairPlan(entry, real.anatomy, asked, (), (), 0, (Insert(), reaching(1.5)), real)


def test_the_contrast_that_is_asked_for_is_that_to_the_real_surroundings() -> None:
    """Light of 1500 on tissue at 1000 is a contrast of 2.5, whatever tissue the generator paints."""
    plan = scene()
    for steps, reached in (((), 2.5), ((reaching(1.5),), 1.5), ((reaching(4.0),), 4.0)):
        laid = generate_tumour(Painting(2000), replace(plan, refine=(Insert(), *steps)))  # type: ignore[arg-type]  # paints
        assert evaluate_detection(plan.asked, plan.asked, laid).contrast == pytest.approx(reached, rel=0.01)


@pytest.mark.parametrize(
    ("inserted", "ceiling", "brightest"), [(True, 2500, 3000), (True, 3500, 3500), (False, 1023, 1023)]
)
def test_nothing_is_brighter_than_the_camera_can_be_unless_the_ground_is(
    inserted: bool, ceiling: float, brightest: int
) -> None:
    """A tumour that is asked for at 4 and more times its surroundings, beside one of 3000 in the ground."""
    plan = replace(scene(), refine=(Insert(), reaching(5.0)))
    if not inserted:
        plan = replace(plan, real=None, refine=(reaching(5.0), Noise(4.0, 0.0)))
    free, bound = (generate_tumour(Painting(2000, most), plan) for most in (None, ceiling))  # type: ignore[arg-type]  # paints
    assert free.max() > brightest
    assert np.array_equal(bound, np.minimum(free, brightest))


def test_tumours_without_light_are_refused_and_drawn_again(request_of: GenerationRequest) -> None:
    """The generator shows no light for the first label it is given, and then does."""
    with pytest.raises(EmptyDrawError, match="nowhere brighter than its tissue"):
        generate_tumour(Painting(400), scene())  # type: ignore[arg-type]  # paints
    plans = PairPlans(request_of)
    dark = plans.draw(0).asked

    class Shy(Painting):
        def inpaint(self, anatomy: np.ndarray, label: np.ndarray) -> np.ndarray:
            self.light = 400 if np.array_equal(label, dark) else 2000
            return super().inpaint(anatomy, label)

    shy: Inpainter = Shy(0)  # type: ignore[assignment]  # paints
    painted = generate_pair(shy, plans, 0, None)
    assert np.array_equal(painted.plan.asked, plans.draw(0, 1).asked)
    never: Inpainter = Painting(400)  # type: ignore[assignment]  # paints
    with pytest.raises(ArrayError, match="nowhere brighter"):
        generate_pair(never, plans, 0, None)


def test_an_anatomy_full_of_its_own_tumours_gives_its_place_to_another(small_pairs: PairSet) -> None:
    pair = StoredPairs(small_pairs)[0]
    full = replace(pair, label=np.ones_like(pair.label))
    with pytest.raises(EmptyDrawError, match="leave no tissue free"):
        draw_for(Bank(), [pair.label], pair.anatomy, "full", np.random.default_rng(0), full)


def test_whole_labels_keep_to_tissue_too_and_say_what_they_left_out() -> None:
    """Two tumours, of which one would lie in the dark half, where the anatomy has no tissue."""
    label = np.zeros((64, 64), bool)
    label[10:14, 10:14], label[40:44, 50:54] = True, True
    anatomy = np.where(np.arange(64) < 32, 1000, 100)[None].repeat(64, 0).astype(np.uint16)
    real = Pair(Entry("half", "", "", "", {}), anatomy, anatomy, np.zeros_like(label))
    drawn = draw_for(Real(turned=False), [label], anatomy, "half", np.random.default_rng(0), real)
    assert drawn.left_out == 1
    assert np.array_equal(drawn.label, label & (np.arange(64) < 32))


def test_a_gate_judges_the_new_tumours_alone(segmentor_run: Path, inpainter: Inpainter) -> None:
    """A segmentor reads all that is bright: the own tumour counts neither as found nor as false."""
    opened = open_gate(segmentor_run, inpainter)
    plan = scene()

    class All:
        def predict_all(self, tumours: list[np.ndarray]) -> list[np.ndarray]:
            return [tumour > 2000 for tumour in tumours]

    opened.predictor = All()  # type: ignore[assignment]  # reads
    laid = generate_tumour(Painting(2000), replace(plan, refine=(Insert(),)))  # type: ignore[arg-type]  # paints
    own = plan.real.tumour  # type: ignore[union-attr]  # it has one
    seen, empty = opened.score([(plan, laid), (plan, own)])
    assert (seen.recall, seen.false_area) == (1.0, 0.0)
    assert np.isnan(seen.nearest)
    assert empty.recall == 0.0


def test_painted_images_are_no_ground(request_of: GenerationRequest) -> None:
    painted = replace(request_of.anatomies[0], provenance={"model": "1f6c"})
    with pytest.raises(SettingError, match="generated images to insert tumours in"):
        replace(request_of, anatomies=[painted])


def test_a_draft_without_ground_is_labelled_as_it_was_asked(small_pairs: PairSet) -> None:
    pair = StoredPairs(small_pairs)[0]
    plan = PairPlan(pair.entry, pair.anatomy, pair.label, (), (), 0)
    assert plan.label is plan.asked
    assert plan.origin["own_tumours"] == ""


class Halves:
    """A segmentor that is sure of a tumour at the top left, doubts a part below, and is sure of the rest."""

    fingerprint = "0a1b2c3d"

    def predict_proba_all(self, images: list[np.ndarray]) -> list[np.ndarray]:
        outputs = [np.zeros(image.shape, np.float32) for image in images]
        for output in outputs:
            output[4:10, 4:10] = 0.99
            output[40:50, 4:20] = 0.5
        return outputs


@pytest.fixture
def unlabelled(
    request_of: GenerationRequest, scans: Path, tmp_path_factory: pytest.TempPathFactory
) -> GenerationRequest:
    """The request, with the four scans as anatomies, of which a segmentor has read the tumours."""
    reader: SegmentorPredictor = Halves()  # type: ignore[assignment]  # reads
    folder = tmp_path_factory.mktemp("read")
    return replace(request_of, anatomies=pseudo_label(reader, PairSet.open(scans).unlabelled, folder))


def test_tumours_in_an_unlabelled_scan_lie_away_from_what_the_segmentor_sees_and_doubts(
    unlabelled: GenerationRequest, scans: Path
) -> None:
    plans = PairPlans(unlabelled)
    seen, doubted = np.zeros((2, 64, 64), bool)
    seen[4:10, 4:10], doubted[40:50, 4:20] = True, True
    for number in range(unlabelled.count):
        plan = plans.draw(number)
        assert plan.asked.any()
        assert not (plan.asked & ndimage.binary_dilation(seen | doubted, EIGHT, RING_GAP + 1)).any()
        assert np.array_equal(plan.label, plan.asked | seen)
        assert np.array_equal(plan.ignored, doubted)
        assert plan.origin["labelled_by"] == Halves.fingerprint


@pytest.mark.slow
def test_pairs_of_unlabelled_scans_are_written_with_what_is_doubted_in_them_twice_alike(
    inpainter: Inpainter, unlabelled: GenerationRequest, scans: Path, tmp_path: Path
) -> None:
    once, twice = (generate(inpainter, unlabelled, tmp_path / name) for name in ("once", "twice"))
    files = sorted(path.relative_to(once.root) for path in once.root.rglob("*") if path.is_file())
    assert files == sorted(p.relative_to(twice.root) for p in twice.root.rglob("*") if p.is_file())
    assert sum(path.parts[0] == "ignore" for path in files) == unlabelled.count
    assert all((once.root / file).read_bytes() == (twice.root / file).read_bytes() for file in files)
    seen, doubted = np.zeros((2, 64, 64), bool)
    seen[4:10, 4:10], doubted[40:50, 4:20] = True, True
    for pair in StoredPairs(once):
        real = PairSet.open(scans).read(pair.entry.provenance["anatomy_source"]).tumour
        far = ~ndimage.binary_dilation(pair.label & ~seen, EIGHT, RING_GAP)
        assert np.array_equal(pair.tumour[far], real[far])
        assert (pair.tumour != real).any()
        assert pair.label[seen].all()
        assert np.array_equal(pair.ignored, doubted)
        assert pair.entry.group == "animal-scan"


def test_a_stream_says_what_is_doubted_in_its_pairs(
    inpainter: Inpainter, unlabelled: GenerationRequest
) -> None:
    """Turned and cut as the label is."""
    stream = PairStream(inpainter, unlabelled, [], Mix(synthetic=1, crop=None, turned=False))
    whole, sample = stream.whole(0), stream.pair(0)
    assert np.array_equal(whole.ignored, PairPlans(unlabelled).draw(0).ignored)
    assert np.array_equal(sample["ignored"][0].numpy() > 0, whole.ignored)
    turned = PairStream(inpainter, unlabelled, [], Mix(synthetic=1, crop=40)).pair(0)
    assert turned["ignored"].shape == turned["label"].shape == (1, 40, 40)
    assert not (turned["ignored"] * turned["label"]).any()


def test_a_stream_of_fully_labelled_pairs_ignores_nothing(
    inpainter: Inpainter, request_of: GenerationRequest
) -> None:
    sample = PairStream(inpainter, request_of, [], Mix(synthetic=1)).pair(0)
    assert sample["label"].any()
    assert not sample["ignored"].any()
