"""What pairs are drawn from: every anatomy in turn, and labels that are foreign to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metgan.data import Entry, read_label, write_pair
from metgan.errors import ArrayError, EmptyDrawError, SettingError
from metgan.images import write_image
from metgan.labels import Bank, File, Grown, LabelRecipe, Merged, Mixed, Real, SizeDistribution
from metgan.synthesis import GenerationRequest, LabelFiles, PairPlans
from metgan.synthesis.plans import draw_for
from metgan.types import Camera


@pytest.fixture(scope="module")
def eight(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    """Eight pairs of 16 x 16 pixels, of animals 0 0 1 1 2 2 3 3; label k is a column of tumour at 2 k."""
    folder = tmp_path_factory.mktemp("eight")
    made = []
    for k in range(8):
        label = np.zeros((16, 16), bool)
        label[4:12, 2 * k] = True
        image = np.arange(256, dtype=np.uint16).reshape(16, 16)
        write_pair(folder, f"pair-{k}", image, image, label)
        paths = {c: folder / c / f"pair-{k}.tif" for c in ("anatomy", "tumour", "label")}
        made.append(Entry(f"pair-{k}", f"animal {k // 2}", "", "", paths))
    return made


def plans(sources: list[Entry], recipe: LabelRecipe | None = None, seed: int = 0) -> PairPlans:
    return PairPlans(GenerationRequest(sources, sources, recipe or Real(), 1, seed))


@given(count=st.integers(2, 8), seed=st.integers(0, 10_000))
def test_every_anatomy_is_used_once_before_any_is_used_twice(
    eight: list[Entry], count: int, seed: int
) -> None:
    sources = eight[:count]
    planned = plans(sources, seed=seed)
    for epoch in range(2):
        used = Counter(planned.source_of(epoch * count + k).name for k in range(count))
        assert used == Counter(entry.name for entry in sources)


@pytest.mark.parametrize(
    "recipe",
    [Real(), Merged(3), Bank(), Mixed((Real(), Merged(3))), Mixed((Real(), Bank()))],
    ids=str,
)
def test_labels_are_of_other_groups_than_the_anatomy(eight: list[Entry], recipe: LabelRecipe) -> None:
    planned = plans(eight, recipe)
    for number in range(16):
        plan = planned.draw(number)
        assert plan.labels
        assert plan.source.group not in {entry.group for entry in plan.labels}


def test_own_masks_are_painted_on_the_anatomy_that_they_were_drawn_on(eight: list[Entry]) -> None:
    planned = plans(eight, File())
    for number in range(8):
        plan = planned.draw(number)
        assert [entry.name for entry in plan.labels] == [plan.source.name]
    alone = plans(eight[:1], File()).draw(0)  # one anatomy with its one mask
    assert [entry.name for entry in alone.labels] == [eight[0].name]


def test_a_mask_of_no_anatomys_name_goes_onto_any(eight: list[Entry]) -> None:
    masks = [replace(entry, name=f"mask-{k}") for k, entry in enumerate(eight)]
    planned = PairPlans(GenerationRequest(eight, masks, File(), 8, 0))
    assert len({planned.draw(number).labels[0].name for number in range(8)}) > 1


def test_only_where_no_other_group_has_a_label_is_one_of_the_same_taken_and_never_its_own(
    eight: list[Entry],
) -> None:
    planned = plans(eight[:2])
    for number in range(8):
        plan = planned.draw(number)
        assert [entry.group for entry in plan.labels] == ["animal 0"]
        assert plan.labels[0].name != plan.source.name


def test_over_many_pairs_every_foreign_label_and_orientation_comes_up(eight: list[Entry]) -> None:
    planned = plans(eight[:4])
    drawn = [planned.draw(k) for k in range(200)]
    assert len({(plan.source.name, plan.labels[0].name) for plan in drawn}) == 4 * 2
    assert {plan.orientations[0] for plan in drawn} == set(range(8))


def test_a_draft_depends_on_seed_number_and_attempt_alone(eight: list[Entry]) -> None:
    def label(seed: int, number: int, attempt: int) -> bytes:
        return plans(eight, Merged(2), seed).draw(number, attempt).label.tobytes()

    first = label(0, 3, 0)
    assert label(0, 3, 0) == first
    assert len({first, label(1, 3, 0), label(0, 11, 0), label(0, 3, 1), label(0, 3, 2)}) == 5
    assert plans(eight).draw(3, 1).source == plans(eight).draw(3).source


def test_more_labels_than_there_are_foreign_ones_cannot_be_merged(eight: list[Entry]) -> None:
    message = r"3 labels to merge, and 2 to choose from, for the anatomy pair-\d"
    with pytest.raises(SettingError, match=message):
        plans(eight[:4], Merged(3)).draw(0)


@pytest.fixture
def narrow(eight: list[Entry], tmp_path: Path) -> list[Entry]:
    """Two anatomies: one of 16 x 16 pixels, all tissue, and one of 3 x 16, where only small tumours fit."""
    path = tmp_path / "anatomy" / "narrow.tif"
    image, label = np.arange(48, dtype=np.uint16).reshape(3, 16), np.zeros((3, 16), bool)
    write_pair(tmp_path, "narrow", image, image, label)
    return [Entry("narrow", "animal 9", "", "", {"anatomy": path}), eight[0]]


def test_a_label_without_room_is_drawn_again() -> None:
    recipe = Grown(SizeDistribution(9, 1.0, 4, 40), counts=(1, 1))
    anatomy = np.ones((6, 16), np.uint16)
    alone = [recipe_fits(recipe, anatomy, seed) for seed in range(40)]
    assert 0.05 < np.mean(alone) < 0.95
    for seed in range(40):
        assert draw_for(recipe, [], anatomy, "narrow", np.random.default_rng(seed)).label.any()


def recipe_fits(recipe: LabelRecipe, anatomy: Camera, seed: int) -> bool:
    try:
        recipe.draw([], np.ones(anatomy.shape, bool), np.random.default_rng(seed))
    except EmptyDrawError:
        return False
    return True


def test_an_anatomy_without_room_gives_its_place_to_the_next(narrow: list[Entry]) -> None:
    recipe = Grown(SizeDistribution(20, 0.1, 15, 25), counts=(1, 1))
    planned = PairPlans(GenerationRequest(narrow, [], recipe, 4, 0))
    assert {planned.source_of(number).name for number in range(4)} == {"narrow", "pair-0"}
    drawn = {planned.draw(number, attempt).source.name for number in range(4) for attempt in range(2)}
    assert drawn == {"pair-0"}
    with pytest.raises(EmptyDrawError, match="for the anatomy narrow; expected room for at least one"):
        PairPlans(GenerationRequest(narrow[:1], [], recipe, 4, 0)).draw(0)


def test_labels_are_read_when_they_are_asked_for(eight: list[Entry]) -> None:
    gone = Entry("gone", "animal 9", "", "", {"label": Path("nowhere.tif")})
    labels = LabelFiles([gone, *eight])
    assert len(labels) == 9
    assert labels[3].sum() == 8
    assert [label.sum() for label in labels[1:3]] == [8, 8]


def test_other_sources_have_another_fingerprint(eight: list[Entry]) -> None:
    moved = [*eight[:7], Entry("pair-7", "animal 0", "", "", eight[7].paths)]
    assert plans(eight).fingerprint == plans(eight, Merged(2), 3).fingerprint
    prints = {plans(sources).fingerprint for sources in (eight, eight[:7], moved)}
    assert len(prints) == 3
    label = eight[7].paths["label"]
    write_image(label, np.fliplr(read_label(label)).astype(np.uint8))  # of the same name
    assert plans(eight).fingerprint not in prints


def test_sources_whose_groups_hardly_differ_are_a_question(eight: list[Entry]) -> None:
    """The labels of an animal would pass for those of another one."""
    slip = replace(eight[0], group=eight[0].group.upper())
    with pytest.raises(SettingError, match="the set of anatomies and labels has the groups"):
        GenerationRequest(eight, [slip], Real(), 1, 0)


def test_a_request_for_no_pair_and_one_without_anatomies_are_refused(eight: list[Entry]) -> None:
    with pytest.raises(SettingError, match="count is 0"):
        GenerationRequest(eight, eight, Real(), 0, 0)
    with pytest.raises(SettingError, match="no anatomies"):
        GenerationRequest([], eight, Real(), 1, 0)


def test_labels_without_a_tumour_are_refused_when_there_is_no_other(tmp_path: Path) -> None:
    image = np.arange(256, dtype=np.uint16).reshape(16, 16)
    write_pair(tmp_path, "a", image, image, np.zeros((16, 16), bool))
    entry = Entry("a", "a", "", "", {c: tmp_path / c / "a.tif" for c in ("anatomy", "label")})
    with pytest.raises(ArrayError, match="none of the 1 labels holds a tumour"):
        plans([entry])


def test_groups_of_a_label_that_was_itself_made_of_others_are_told(eight: list[Entry]) -> None:
    """The label of a painted pair came from another animal than its anatomy."""
    painted = [replace(entry, provenance={"label_groups": "animal 9", "model": "1f"}) for entry in eight]
    origin = PairPlans(GenerationRequest(eight, painted, Real(), 1, 0)).draw(0).origin
    assert origin["label_groups"].split(";")[-1] == "animal 9"
    assert origin["label_groups"].split(";")[0].startswith("animal ")
    assert len(origin["label_groups"].split(";")) == 2


@pytest.mark.parametrize(
    "recipe",
    [Real(), Merged(3), Bank(), Mixed((Real(), Merged(3))), Mixed((Real(), Bank()))],
    ids=str,
)
def test_no_tumour_is_set_down_where_nothing_was_imaged(eight: list[Entry], recipe: LabelRecipe) -> None:
    """The anatomy's left half was filled in with 0; labels are columns, some of them there."""
    rng = np.random.default_rng(0)
    anatomy = rng.integers(100, 900, (16, 16)).astype(np.uint16)
    labels = LabelFiles(eight)
    whole = [draw_for(recipe, labels, anatomy, "whole", rng).label for _ in range(12)]
    assert any(label[:, :8].any() for label in whole)
    anatomy[:, :8] = 0
    for _ in range(12):
        drawn = draw_for(recipe, labels, anatomy, "filled", rng)
        assert drawn.label[:, 8:].any()
        assert not drawn.label[:, :8].any()


def test_a_mask_of_the_users_own_is_taken_as_it_is_also_over_fill(eight: list[Entry]) -> None:
    rng = np.random.default_rng(0)
    anatomy = rng.integers(100, 900, (16, 16)).astype(np.uint16)
    anatomy[:, :8] = 0
    drawn = draw_for(File(), LabelFiles(eight[:1]), anatomy, "filled", rng)
    assert drawn.label[:, :8].any()


def test_no_tumour_is_placed_in_an_anatomy_that_shows_air_alone(tmp_path: Path) -> None:
    """By itself air cannot be told from tissue; beside an image that shows both it can."""
    rng = np.random.default_rng(0)
    air, tissue = rng.integers(90, 110, (48, 48)), rng.integers(900, 1100, (48, 48))
    edge = np.where(np.arange(48) < 24, air, tissue)
    dim = air + tissue // 3  # an animal of a third of the others' light is tissue all the same
    label = np.zeros((48, 48), np.uint8)
    label[20:26, 20:26] = 1
    entries = []
    for name, image in (("air", air), ("tissue", tissue), ("edge", edge), ("dim", dim)):
        for channel, pixels in (("anatomy", image.astype(np.uint16)), ("label", label)):
            write_image(tmp_path / channel / f"{name}.tif", pixels)
        paths = {channel: tmp_path / channel / f"{name}.tif" for channel in ("anatomy", "label")}
        entries.append(Entry(name, name, "", "", paths))
    plans = PairPlans(GenerationRequest(entries, entries, Bank(), 16, 0))
    assert {plans.draw(number).source.name for number in range(16)} == {"tissue", "edge", "dim"}
    alone = PairPlans(GenerationRequest(entries[:1], entries, Bank(), 1, 0))
    assert alone.draw(0).source.name == "air"  # nothing says that it is
