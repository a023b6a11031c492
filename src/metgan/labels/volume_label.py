"""The label of a volume, drawn by a recipe region by region: nothing here knows the whole of it.

Candidates lie on a coarse lattice in micrometres. How many a cell of it has, where and how large they are is
drawn from the seed and the cell's place alone. So are their shapes. Whether one is kept depends on the
tissue in its own voxels, and on larger ones that it would meet. None of it depends on the region that is
asked for.

Notes
-----
The decision a reader would question is that room is not searched, as `place` does in a plane: a tumour that
does not lie in tissue, or meets a larger one, is left out. To move it elsewhere would make each place depend
on all others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metgan.errors import SettingError
from metgan.parts import overlap, sides_of, within
from metgan.seeding import check_seed, stream
from metgan.types import Mask

from .areas import Diameters
from .star_shape import MOST_REACH, StarShape

MOST_FILLED: Final = 0.2
"""Share of the tissue that tumours may be asked to fill."""
_MOST_IN_CELL = 20_000
_FEWEST_IN_CELL = 8.0  # expected, so that there are not more cells than candidates
_UM3_PER_MM3 = 1e9
_AT_ONCE = 2**22  # voxels of tissue that are looked at
Region = Sequence[slice]


@dataclass(frozen=True)
class VolumeRecipe:
    """Simulated tumours in the tissue of a volume.

    Parameters
    ----------
    density_per_mm3 : float, above 0
        Candidates in a cubic millimetre of tissue, on average; those that do not fit are left out.
    diameters : Diameters
        Of spheres of their volumes.
    infiltration : (float, float), in [0, 1], default (0, 0.4)
        Most compact and most ragged tumour, uniform in between.
    seed : int, 0 or more, default 0

    Raises
    ------
    SettingError
        If a value is out of its range, or the tumours would fill more than 20 % of the tissue; also if the
        largest are so much larger than most that too many would have to be looked at for one of them.

    Examples
    --------
    >>> str(VolumeRecipe(5, Diameters(20, 0.5, 10, 60)))
    'grown density=5.0/mm3 diameters=lognormal(20.0,0.5,10.0..60.0)um infiltration=0.0..0.4 seed=0'
    """

    density_per_mm3: float
    diameters: Diameters
    infiltration: tuple[float, float] = (0.0, 0.4)
    seed: int = 0

    def __post_init__(self) -> None:
        check_seed(self.seed)
        low, high = self.infiltration
        if not 0 <= low <= high <= 1:
            given = f"infiltration is {self.infiltration}"
            raise SettingError(given, "0 <= low <= high <= 1", "Choose 0 0 for compact tumours")
        if not 0 < self.density_per_mm3 < math.inf:
            given = f"a density of {self.density_per_mm3} tumours in a cubic millimetre"
            raise SettingError(given, "a number above 0", "Choose another")
        filled = self.density_per_mm3 / _UM3_PER_MM3 * self.diameters.mean_volume_um3
        widest = (MOST_REACH * self.diameters.largest_um) ** 3
        most = min(MOST_FILLED / self.diameters.mean_volume_um3, _MOST_IN_CELL / widest) * _UM3_PER_MM3
        if filled > MOST_FILLED:
            raise SettingError(
                f"{self.density_per_mm3:g} tumours in a cubic millimetre, of {self.diameters}, would fill "
                f"{filled:.0%} of the tissue",
                f"{MOST_FILLED:.0%} or less, so that there is room",
                f"Choose a density of {_rounded_down(most)} or less, or smaller diameters",
            )
        expected = self.density_per_mm3 / _UM3_PER_MM3 * self.cell_um**3
        if expected > _MOST_IN_CELL:
            raise SettingError(
                f"{self.density_per_mm3:g} tumours in a cubic millimetre, the largest of "
                f"{self.diameters.largest_um:g} um: {expected:.3g} about each that may be so large",
                f"{_MOST_IN_CELL} or less",
                f"Choose a smaller largest diameter, or a density of {_rounded_down(most)} or less",
            )

    def __str__(self) -> str:
        low, high = map(float, self.infiltration)
        return (
            f"grown density={float(self.density_per_mm3)}/mm3 diameters={self.diameters} "
            f"infiltration={low}..{high} seed={self.seed}"
        )

    @property
    def cell_um(self) -> float:
        """Edge of the lattice's cells: the largest tumour is in its own and those around it alone."""
        sparse = float(np.cbrt(_FEWEST_IN_CELL / self.density_per_mm3 * _UM3_PER_MM3))
        return max(MOST_REACH * self.diameters.largest_um, sparse)


def _rounded_down(number: float) -> str:
    """Return a number above 0 in three digits, none of them rounded up, so that it keeps below a limit.

    Examples
    --------
    >>> _rounded_down(12.399), _rounded_down(0.0123456)
    ('12.3', '0.0123')
    """
    unit = 10.0 ** (math.floor(math.log10(number)) - 2)
    return f"{math.floor(number / unit) * unit:.3g}"


@dataclass(frozen=True, order=True)
class _Candidate:
    """A tumour that may be; the larger is the greater, and of two alike that of the greater `mark`."""

    diameter_um: float
    mark: float
    key: tuple[int, int, int, int]
    middle_um: tuple[float, float, float]


@dataclass(frozen=True)
class _Cell:
    """What was drawn for a cell: middles (n, 3) in um, diameters (n,), marks (n,), numbers (n,)."""

    middles: NDArray[np.float64]
    diameters: NDArray[np.float64]
    marks: NDArray[np.float64]
    numbers: NDArray[np.intp]


class VolumeLabel:
    """Where a recipe's tumours are in a volume: a function of a region.

    Parameters
    ----------
    recipe : VolumeRecipe
    shape : (int, int, int)
        (Z, Y, X) of the volume, voxels.
    voxel_size_um : (float, float, float)
        Along Z, Y and X.
    tissue : function of (slice, slice, slice)
        Returns where tumours may be in a region, (Z, Y, X), bool. A voxel's value must not depend on the
        region.

    Raises
    ------
    SettingError
        When the smallest tumour is smaller than a voxel.

    Notes
    -----
    A tumour's middle is that of a voxel, so that none is without voxels. It may be cut by the border of the
    volume; all of it that lies within must be tissue. Tumours stay a voxel's diagonal apart, so that they are
    counted as many.

    Examples
    --------
    >>> recipe = VolumeRecipe(4000, Diameters(30, 0.3, 20, 50))
    >>> everywhere = lambda region: np.ones([side.stop - side.start for side in region], bool)
    >>> label = VolumeLabel(recipe, (40, 100, 100), (5.0, 2.0, 2.0), everywhere)
    >>> whole = label((slice(0, 40), slice(0, 100), slice(0, 100)))
    >>> part = label((slice(7, 20), slice(30, 90), slice(0, 55)))
    >>> bool(whole.any()), bool((whole[7:20, 30:90, :55] == part).all())
    (True, True)
    """

    def __init__(
        self,
        recipe: VolumeRecipe,
        shape: tuple[int, int, int],
        voxel_size_um: tuple[float, float, float],
        tissue: Callable[[Region], Mask],
    ) -> None:
        self.recipe, self.shape, self.voxel_size_um, self._tissue = recipe, shape, voxel_size_um, tissue
        smallest = math.pi / 6 * recipe.diameters.smallest_um**3
        if smallest < math.prod(voxel_size_um):
            sides = " x ".join(f"{size:g}" for size in voxel_size_um)
            least = (6 / math.pi * math.prod(voxel_size_um)) ** (1 / 3)
            raise SettingError(
                f"a tumour of {recipe.diameters.smallest_um:g} um in voxels of {sides} um",
                "at least the volume of one voxel",
                f"Choose a smallest diameter of {least:.3g} um or more",
            )
        self._gap_um = math.hypot(*voxel_size_um)
        self._cell = lru_cache(256)(self._draw_cell)
        self._shape = lru_cache(4096)(self._draw_shape)
        self._is_kept = lru_cache(2**16)(self._decide)

    def __call__(self, region: Region) -> Mask:
        """Return where tumours are in a region, (Z, Y, X), bool."""
        label = np.zeros(sides_of(region), bool)
        sizes = self.voxel_size_um
        ends = [(r.start * s, r.stop * s) for r, s in zip(region, sizes, strict=True)]
        for candidate in self._near(ends, 0.0):
            shape = self._shape(candidate)
            common = overlap(region, shape.region(sizes, self.shape))
            if any(side.start >= side.stop for side in common):
                continue
            covered = shape.covers(common, sizes)
            if covered.any() and self._is_kept(candidate):
                label[within(common, region)] |= covered
        return label

    def _near(self, ends_um: Sequence[tuple[float, float]], further_um: float) -> Iterator[_Candidate]:
        """Yield the candidates that may reach a box, or come within `further_um` of it."""
        cell = self.recipe.cell_um
        largest = MOST_REACH / 2 * self.recipe.diameters.largest_um + further_um
        largest += self._gap_um  # a middle may lie in the cell next to its own: it is that of a voxel
        most = (int(n * s // cell) for n, s in zip(self.shape, self.voxel_size_um, strict=True))
        cells = [
            range(max(int((low - largest) // cell), 0), min(int((high + largest) // cell), last) + 1)
            for (low, high), last in zip(ends_um, most, strict=True)
        ]
        low, high = np.array(ends_um).T
        for z, y, x in product(*cells):
            found = self._cell(z, y, x)
            beyond = np.maximum(np.maximum(low - found.middles, found.middles - high), 0)
            reach = MOST_REACH / 2 * found.diameters + further_um
            for k in np.flatnonzero((beyond**2).sum(1) <= reach**2):
                middle = (float(found.middles[k, 0]), float(found.middles[k, 1]), float(found.middles[k, 2]))
                key = (z, y, x, int(found.numbers[k]))
                yield _Candidate(float(found.diameters[k]), float(found.marks[k]), key, middle)

    def _decide(self, candidate: _Candidate) -> bool:
        """Tell whether a candidate lies in tissue, and is apart from all larger ones that are kept.

        This is how they would be set down one after the other, the largest first; who asks does not matter.
        """
        if not self._lies_in_tissue(candidate):
            return False
        shape = self._shape(candidate)
        point = [(m, m) for m in shape.middle_um]
        reach = shape.reach_um + self._gap_um
        return not any(
            other > candidate
            and math.dist(other.middle_um, candidate.middle_um) < reach + self._shape(other).reach_um
            and self._is_kept(other)
            for other in self._near(point, reach)
        )

    def _lies_in_tissue(self, candidate: _Candidate) -> bool:
        shape = self._shape(candidate)
        planes, *sides = shape.region(self.voxel_size_um, self.shape)
        at_once = max(1, _AT_ONCE // math.prod(sides_of(sides)))
        for start in range(planes.start, planes.stop, at_once):
            region = (slice(start, min(start + at_once, planes.stop)), *sides)
            if (shape.covers(region, self.voxel_size_um) & ~self._tissue(region)).any():
                return False
        return True

    def _draw_cell(self, z: int, y: int, x: int) -> _Cell:
        recipe, sizes = self.recipe, np.array(self.voxel_size_um)
        rng = stream(recipe.seed, "tumours of a volume", z, y, x)
        count = int(rng.poisson(recipe.density_per_mm3 / _UM3_PER_MM3 * recipe.cell_um**3))
        places = (np.array([z, y, x]) + rng.random((count, 3))) * recipe.cell_um
        diameters, marks = recipe.diameters.draw(count, rng), rng.random(count)
        voxels = places // sizes
        within = np.flatnonzero((voxels < self.shape).all(1))
        middles = (voxels[within] + 0.5) * sizes
        return _Cell(middles, diameters[within], marks[within], within)

    def _draw_shape(self, candidate: _Candidate) -> StarShape:
        rng = stream(self.recipe.seed, "shape of a tumour in a volume", *candidate.key)
        infiltration = float(rng.uniform(*self.recipe.infiltration))
        return StarShape.draw(candidate.middle_um, candidate.diameter_um, infiltration, rng)
