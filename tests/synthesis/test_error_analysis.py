"""What a segmentor misses, by kind, and requests for more of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from metgan.data import Entry, PairSet, write_pair
from metgan.errors import ArrayError, SettingError
from metgan.labels import Bank, Preference, Real
from metgan.synthesis import Contrast, ErrorAnalysis, GenerationRequest, Seen, find_errors, oversample_errors
from metgan.types import Camera, Mask

from .conftest import UNITS

NAN = float("nan")
SPOTS = ErrorAnalysis(
    (
        Seen("lung", 9, 1.5, False),
        Seen("lung", 10, 1.5, False),
        Seen("liver", 12, NAN, True),
        Seen("liver", 24, 3.0, True),
        Seen("liver", 200, 3.0, True),
        Seen("liver", 101, 0.9, True),
    )
)


def entry(name: str, organ: str) -> Entry:
    return Entry(name, name, organ, "", {})


def test_rates_are_those_of_laplace_by_hand() -> None:
    """Two of six are missed: (2 + 1) / (6 + 2) = 3/8 of all, and kinds lean towards it by two tumours."""
    assert SPOTS.by_area == {1: 2.75 / 6, 25: 3 / 8, 101: 0.75 / 4}
    assert SPOTS.by_organ == {"lung": 2.75 / 4, "liver": 0.75 / 6}


def test_an_organ_of_which_little_is_known_is_not_taken_for_a_weak_spot() -> None:
    many = [Seen("liver", 50, 2.0, True)] * 20
    rates = ErrorAnalysis((*many, Seen("lung", 50, 2.0, True))).by_organ
    assert rates["liver"] < rates["lung"] < 1.6 * rates["liver"] + 0.03


def test_a_tumour_of_unknown_contrast_is_neither_dim_nor_bright() -> None:
    """The median of 0.9, 1.5, 1.5, 3, 3 is 1.5: one of five is below it, and it was found; 3/7 of all."""
    assert SPOTS.by_light == {"dim": pytest.approx(6 / 7 / 3), "bright": pytest.approx((2 + 6 / 7) / 6)}


def test_contrasts_are_as_likely_as_their_kind_is_to_be_missed() -> None:
    """The median is 2; the dim one was missed, one of the bright ones too: (1 + 0.8) / 3, (0 + 0.8) / 4."""
    spots = ErrorAnalysis((Seen("", 9, 1.5, False), Seen("", 9, 2.0, True), Seen("", 9, 2.5, True)))
    contrasts = spots.contrasts
    assert contrasts is not None
    assert contrasts.values == (1.5, 2.0, 2.5)
    assert contrasts.weights == pytest.approx((1.8 / 3, 0.8 / 4, 0.8 / 4))
    assert ErrorAnalysis((Seen("", 9, NAN, True),)).contrasts is None


def test_an_aimed_request_has_more_of_what_is_missed_and_as_many_pairs() -> None:
    sources = [entry("a", "lung"), entry("b", "liver"), entry("c", "brain")]
    aimed = oversample_errors(GenerationRequest(sources, sources, Bank(), 7, 3), SPOTS)
    assert Counter(e.name for e in aimed.anatomies) == {"a": 4, "b": 1, "c": 1}  # 5.5 times, cut at 4
    assert isinstance(aimed.recipe, Bank)
    assert aimed.recipe.preference == Preference(tuple(SPOTS.by_area.items()))
    assert aimed.refine == (SPOTS.contrasts,)
    assert (aimed.count, aimed.seed, aimed.labels) == (7, 3, sources)


def test_contrasts_are_those_of_missed_tumours_or_else_the_ones_that_were_asked_for() -> None:
    own = Contrast((3.0,))
    request = GenerationRequest([entry("a", "")], [entry("a", "")], Bank(), 1, 0, (own,))
    assert oversample_errors(request, SPOTS).refine == (SPOTS.contrasts,)
    unknown = ErrorAnalysis((Seen("", 9, NAN, True),))
    assert oversample_errors(request, unknown).refine == (own,)
    assert oversample_errors(replace(request, refine=()), unknown).refine == ()


def test_a_recipe_that_does_not_choose_among_tumours_cannot_be_aimed() -> None:
    with pytest.raises(SettingError, match="Use --recipe bank"):
        oversample_errors(GenerationRequest([entry("a", "")], [], Real(), 1, 0), SPOTS)


def test_spots_without_a_tumour_are_refused() -> None:
    with pytest.raises(ArrayError, match="no tumour"):
        ErrorAnalysis(())


def test_where_half_the_tumours_have_no_ratio_dim_and_bright_are_told_by_light() -> None:
    """Of four on a subtracted background the two of less light are missed, whatever their ratios are."""
    seen = (Seen("", 9, NAN, False, 50.0), Seen("", 9, 1e6, False, 60.0), Seen("", 9, 2.0, True, 70.0))
    spots = ErrorAnalysis((*seen, Seen("", 9, NAN, True, 80.0)))
    assert spots.by_light["dim"] > spots.by_light["bright"]
    contrasts = spots.contrasts
    assert contrasts is not None
    assert (contrasts.unit, contrasts.values) == ("light", (50.0, 60.0, 70.0, 80.0))
    assert ErrorAnalysis(seen[1:3]).measure == "ratio"


class BrightReader:
    """Reads as tumour what is brighter than 500."""

    card = SimpleNamespace(normalisation=UNITS)

    def predict_all(self, tumours: Sequence[Camera]) -> list[Mask]:
        return [tumour > 500 for tumour in tumours]


def test_weak_spots_are_what_a_reader_misses_of_real_pairs(tmp_path: Path) -> None:
    """Two tumours of 12 and 36 pixels, of which the smaller is too dim to be read, and a crumb of two."""
    label = np.zeros((32, 32), bool)
    label[4:8, 4:7] = label[20:26, 20:26] = label[0, 20:22] = True
    tumour = np.full((32, 32), 100, np.uint16)
    tumour[4:8, 4:7], tumour[20:26, 20:26] = 300, 1000
    anatomy = np.arange(32 * 32, dtype=np.uint16).reshape(32, 32)
    write_pair(tmp_path, "one", anatomy, tumour, label)
    paths = {channel: tmp_path / channel / "one.tif" for channel in ("anatomy", "tumour", "label")}
    spots = find_errors(BrightReader(), [Entry("one", "one", "lung", "", paths)])  # type: ignore[arg-type]
    assert spots.tumours == (Seen("lung", 12, 3.0, False, 200.0), Seen("lung", 36, 10.0, True, 900.0))
    assert str(spots).startswith("1 of 2 tumours missed; likely to be: below 25 pixels 67%, 25 to 100 33%")


def test_a_tumour_where_the_label_is_not_to_be_trusted_is_neither_missed_nor_found(tmp_path: Path) -> None:
    """Two dim tumours, the second among pixels of which the label says nothing."""
    label = np.zeros((32, 32), bool)
    label[4:8, 4:8] = label[20:26, 20:26] = True
    anatomy = np.arange(32 * 32, dtype=np.uint16).reshape(32, 32)
    tumour = np.where(label, 300, 100 + anatomy % 2).astype(np.uint16)
    write_pair(tmp_path, "one", anatomy, tumour, label, np.arange(32)[None].repeat(32, 0) >= 16)
    (one,) = PairSet.open(tmp_path)
    assert [(seen.area, seen.found) for seen in find_errors(BrightReader(), [one]).tumours] == [(16, False)]  # type: ignore[arg-type]
