"""Painted tumours on a real tumour channel: what is added, and what stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from metgan.data import PairSet, part_of, read_pair, write_pair
from metgan.errors import EmptyDrawError, SettingError
from metgan.labels import Bank, Drawn, LabelRecipe, Merged, Real, leave_apart, sizes
from metgan.metrics import RING_GAP
from metgan.synthesis import Contrasts, Draft, Drafts, Generation, Grain, Inpainter, check_request, inlay
from metgan.synthesis.request import paint

EIGHT = np.ones((3, 3), bool)


@pytest.fixture(params=[Real(), Merged(2), Bank()], ids=lambda recipe: recipe.name)
def request_of(request: pytest.FixtureRequest, small_pairs: PairSet) -> Generation:
    recipe: LabelRecipe = request.param
    train = part_of(small_pairs.entries, "train", None)
    return Generation(train, train, recipe, 2 * len(train), 0, inlaid=True)


@given(seed=st.integers(0, 2**32 - 1))
def test_light_is_added_to_the_label_and_fades_within_its_halo(seed: int) -> None:
    rng = np.random.default_rng(seed)
    asked = np.zeros((24, 24), bool)
    asked[8:12, 9:14] = True
    without = rng.integers(100, 200, asked.shape).astype(np.uint16)
    painted = rng.integers(50, 900, asked.shape).astype(np.uint16)
    ground = rng.integers(1000, 2000, asked.shape).astype(np.uint16)
    laid = inlay(ground, painted, without, asked)
    added = laid.astype(int) - ground
    light = np.maximum(painted.astype(int) - without, 0)
    assert np.array_equal(added[asked], light[asked])
    assert (added >= 0).all()
    assert (added <= light).all()
    far = ~ndimage.binary_dilation(asked, EIGHT, RING_GAP)
    assert np.array_equal(laid[far], ground[far])


def test_an_image_of_a_camera_that_is_full_stays_within_its_range() -> None:
    asked = np.eye(5, dtype=bool)
    bright = np.full(asked.shape, 250, np.uint8)
    laid = inlay(bright, bright, np.zeros_like(bright), asked)
    assert laid.dtype == np.uint8
    assert laid[asked].tolist() == [255] * 5


def test_new_tumours_touch_no_real_one_and_the_label_shows_both(request_of: Generation) -> None:
    drafts = Drafts(request_of)
    for number in range(request_of.count):
        draft = drafts.draw(number)
        real = read_pair(draft.source)
        assert not (draft.asked & ndimage.binary_dilation(real.label, EIGHT)).any()
        assert np.array_equal(draft.label, draft.asked | real.label)
        assert len(sizes(draft.label)) == len(sizes(draft.asked)) + len(sizes(real.label))
        assert draft.origin["tumours"] == str(len(sizes(draft.label)))
        assert draft.origin["own_tumours"] == str(len(sizes(real.label)))


def test_all_but_the_new_tumours_is_the_real_image(painter: Inpainter, request_of: Generation) -> None:
    """The generator is untrained and paints noise: what it paints elsewhere must not come through."""
    draft = Drafts(request_of).draw(0)
    real = read_pair(draft.source).tumour
    tumour = paint(painter, draft)
    far = ~ndimage.binary_dilation(draft.asked, EIGHT, RING_GAP)
    assert np.array_equal(tumour[far], real[far])
    with_and_without = (painter.inpaint(draft.anatomy, label) for label in (draft.asked, draft.asked & False))
    assert np.array_equal(tumour, inlay(real, *with_and_without, draft.asked))


def test_inlaid_tumours_are_dimmed_before_they_are_added(painter: Inpainter, request_of: Generation) -> None:
    faint = Drafts(replace(request_of, contrasts=Contrasts((1.0001,)))).draw(0)
    plain = Drafts(request_of).draw(0)
    assert np.array_equal(faint.asked, plain.asked)
    real = read_pair(plain.source).tumour.astype(int)
    assert 0 <= (paint(painter, faint) - real).sum() <= (paint(painter, plain) - real).sum()


def test_tumours_that_meet_what_is_there_are_left_out_whole() -> None:
    label = np.array([[1, 1, 0, 1, 0], [0, 0, 0, 1, 0], [1, 0, 0, 0, 0]], bool)
    taken = np.zeros_like(label)
    taken[1, 3] = True
    left = leave_apart(Drawn(label, (0,), left_out=2), taken)
    assert left.label.astype(int).tolist() == [[1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [1, 0, 0, 0, 0]]
    assert left.left_out == 3
    with pytest.raises(EmptyDrawError, match="3 drawn tumours"):
        leave_apart(Drawn(label, (0,)), ~taken)


def test_a_request_names_that_it_inlays_and_refuses_what_it_cannot(request_of: Generation) -> None:
    assert str(request_of) == f"{request_of.recipe}, inlaid"
    bare = [replace(entry, paths={"anatomy": entry.paths["anatomy"]}) for entry in request_of.anatomies]
    with pytest.raises(SettingError, match="without a tumour channel or a label"):
        replace(request_of, anatomies=bare)
    with pytest.raises(SettingError, match="grain for inlaid tumours"):
        replace(request_of, grain=Grain(1.0, 1.0))


def test_a_tumour_channel_of_another_camera_is_refused(
    painter: Inpainter, request_of: Generation, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert check_request(painter, request_of) >= 0
    folder = tmp_path_factory.mktemp("bytes")
    pair = read_pair(request_of.anatomies[0])
    write_pair(folder, "one", pair.anatomy, (pair.tumour // 256).astype(np.uint8), pair.label)
    with pytest.raises((SettingError, ValueError), match="uint8"):
        check_request(painter, replace(request_of, anatomies=PairSet.open(folder).entries))


def test_a_draft_without_ground_is_labelled_as_it_was_asked(small_pairs: PairSet) -> None:
    pair = small_pairs.read_all()[0]
    draft = Draft(pair.entry, pair.anatomy, pair.label, (), (), 0)
    assert draft.label is draft.asked
    assert draft.origin["own_tumours"] == ""
