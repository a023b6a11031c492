"""What the crops of a scan show is told by those that are cut alone."""

from __future__ import annotations

import numpy as np

from metgan.data import CropPlan, Scan, survey

SIDE = 32
PLAN = CropPlan(crop=SIDE, stride=SIDE, block=SIDE, is_projected=True)


def test_the_light_of_tissue_is_that_of_cubes_that_are_cut() -> None:
    """Cubes of which one view is flat are left out with the other two, which would raise the light."""
    random = np.random.default_rng(0)

    def tissue(light: int) -> np.ndarray:
        return random.integers(light, light + 1000, (SIDE,) * 3).astype(np.uint16)

    def beside(outside: int, inside: int) -> np.ndarray:
        return np.concatenate([tissue(outside)[..., ::2], tissue(inside)[..., ::2]], axis=2)

    kept, left_out = [beside(100, 9000), tissue(6000)], [beside(20_000, 60_000)] * 3
    flat = tissue(100)
    flat[SIDE // 2] = 5000  # the projection along Z shows this plane alone
    anatomy = np.concatenate([*kept, *left_out], axis=2)
    tumour = np.concatenate([*map(tissue, (100, 100)), *[flat] * len(left_out)], axis=2)
    whole = survey(Scan.checked("scan", anatomy, tumour, None, None), PLAN)
    part = survey(Scan.checked("scan", anatomy[..., : 2 * SIDE], tumour[..., : 2 * SIDE], None, None), PLAN)
    assert [crop.left for crop in whole.crops.crops] == [0] * 3 + [SIDE] * 3
    assert whole.is_air == part.is_air == [False] * 6
