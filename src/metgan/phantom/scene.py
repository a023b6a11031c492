"""A picture before the camera: tissue and its edges, dye, confusers and tumours, in two channels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from metgan.types import Mask

from .animal import Animal
from .confusers import Confusers, draw_confusers
from .fields import Field, cloud, grid, ripple, step
from .metastases import Metastasis, draw_metastases
from .organs import ORGANS, Tissue
from .settings import PhantomSettings

_AIR = 0.03  # light of the medium about the body, where 1 is ordinary tissue
_BORDER_SHARE = 0.2  # of all pairs show the border of two organs, at most
_HAZE_REACH = 10.0  # pixels


@dataclass(frozen=True, eq=False)
class Scene:
    """Light on the camera in both channels, (Y, X), > 0; 1 is ordinary tissue. And the tumours in it."""

    anatomy: Field
    tumour: Field
    tumours: tuple[Metastasis, ...]


def draw_scene(
    organ: str,
    is_empty: bool,
    fill: Mask,
    animal: Animal,
    settings: PhantomSettings,
    rng: np.random.Generator,
) -> Scene:
    """Draw the light of one picture of `organ`, a name in ``ORGANS``.

    `is_empty` leaves out the tumours; all else is equal with the same `rng`. No tumour lies in `fill`.
    """
    size = settings.size
    tissue, body = _draw_body(organ, settings, rng)
    cells = np.maximum(1 + 0.13 * ripple(size, 4.0, rng, octaves=0.8), 0.4)  # some 4 pixels across
    tissue = Tissue((tissue.glow * cells).astype(np.float32), tissue.walls)
    sheet = np.clip(1 + 0.12 * cloud(size, 4.5, rng), 0.5, 1.6)  # uneven light falls on both channels
    confusers = draw_confusers(size, settings.confusers_per_image, rng)
    presence = _AIR + (1 - _AIR) * step(body, 1.0)
    glow = animal.autofluorescence * presence * (tissue.glow + confusers.autofluorescent)
    dye = animal.staining * presence * _stain(tissue, confusers, settings.dye_in_tissue, rng)
    if animal.crosstalk < 0:
        tumour = _focus(sheet * dye + presence * _inverted(sheet * tissue.glow, animal), animal)
    else:
        tumour = _focus(sheet * (dye + animal.crosstalk * glow), animal)
    anatomy = _focus(sheet * glow, animal)
    tissue_seen = (body > 0) & ~fill
    tumours = [] if is_empty else draw_metastases(tissue_seen, tumour, animal.focus, settings, rng)
    for metastasis in tumours:
        tumour[metastasis.window] += metastasis.light
    return Scene(anatomy, tumour, tuple(tumours))


def _focus(light: Field, animal: Animal) -> Field:
    """Return the light that reaches the camera's plane: blurred by the optics, veiled by scattering above it.

    (Y, X), >= 0, with (nearly) the same sum.
    """
    sharp = ndimage.gaussian_filter(light, animal.focus, mode="reflect")
    veil = ndimage.gaussian_filter(light, _HAZE_REACH, mode="reflect", truncate=2.5)
    return np.asarray((1 - animal.haze) * sharp + animal.haze * veil, dtype=np.float32)


def _stain(tissue: Tissue, confusers: Confusers, follows: float, rng: np.random.Generator) -> Field:
    """Return the light of dye that is bound to no tumour: everywhere, unevenly, on walls and on debris."""
    uneven = 1 + 0.16 * cloud(len(tissue.glow), 2.6, rng)
    patchy = np.clip(cloud(len(tissue.glow), 3.5, rng), 0, 2)  # some walls take the dye, others do not
    bound = (0.5 - follows + follows * tissue.glow) * np.maximum(uneven, 0.3)
    return np.asarray(bound + 0.5 * tissue.walls * patchy + 1.6 * confusers.stained, dtype=np.float32)


def _inverted(shown: Field, animal: Animal) -> Field:
    """Return light that falls as that of the tissue in the anatomy channel rises, and stays above 0."""
    darkness = np.clip(1 + 1.6 * (1 - shown), 0.06, 2.2)  # 1 where the tissue is ordinary
    return np.asarray(-animal.crosstalk * animal.autofluorescence * darkness, dtype=np.float32)


def _draw_body(organ: str, settings: PhantomSettings, rng: np.random.Generator) -> tuple[Tissue, Field]:
    """Draw the tissue, and the signed distance (pixels, positive inside) to the edge of the body."""
    tissue = ORGANS[organ](settings.size, rng)
    kind = float(rng.random())
    depth = _winding_edge(settings.size, rng)
    if kind < settings.edge_fraction:
        skin = 0.35 * np.exp(-(((depth - 4) / 3) ** 2))
        return Tissue((tissue.glow + skin).astype(np.float32), tissue.walls), depth
    inside = np.full_like(depth, settings.size)
    others = [name for name in settings.organs if name != organ]
    if others and kind > 1 - min(_BORDER_SHARE, (1 - settings.edge_fraction) / 2):
        tissue = _join(tissue, ORGANS[others[int(rng.integers(len(others)))]](settings.size, rng), depth)
    return tissue, inside


def _winding_edge(size: int, rng: np.random.Generator) -> Field:
    """Return the signed distance, pixels, to an edge that leaves most of the picture inside."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = grid(size)
    straight = x * np.cos(angle) + y * np.sin(angle) + rng.uniform(0.1, 0.4) * size
    return np.asarray(straight + 0.045 * size * cloud(size, 4.2, rng), dtype=np.float32)


def _join(near: Tissue, far: Tissue, depth: Field) -> Tissue:
    """Join two organs along an edge: a cleft, and a capsule that glows on the near side."""
    share = step(depth, 1.0)
    cleft = 1 - 0.6 * np.exp(-(((depth + 1.5) / 1.5) ** 2))
    capsule = 0.3 * np.exp(-(((depth - 2.5) / 1.5) ** 2))
    glow = (share * near.glow + (1 - share) * far.glow) * cleft + capsule
    return Tissue(glow.astype(np.float32), share * near.walls + (1 - share) * far.walls)
