"""A trained generator as a function of arrays, in the camera's units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from metgan.data import check_camera
from metgan.device import Device, choose_device
from metgan.errors import ArrayError
from metgan.io import fingerprint
from metgan.labels import check_binary
from metgan.models import ModelCard, load_generator, model_path, restore_generator
from metgan.networks import Generator
from metgan.types import AnyArray, Camera, Mask


class Inpainter:
    """Paints the tumour channel from an anatomy image and a label.

    Attributes
    ----------
    card : ModelCard
        What the model was trained on.
    fingerprint : str
        Names the weights in histories.
    device : torch.device
        Where it computes.

    Examples
    --------
    >>> inpainter = load("runs/mouse")  # doctest: +SKIP
    >>> tumour = inpainter.inpaint(anatomy, label)  # doctest: +SKIP
    >>> tumour.dtype  # doctest: +SKIP
    dtype('uint16')
    """

    def __init__(self, generator: Generator, card: ModelCard, name: str, device: torch.device) -> None:
        self.card = card
        self.fingerprint = name
        self.device = device
        self._generator = generator.to(device)

    def __reduce__(self) -> tuple[Callable[..., Inpainter], tuple[object, ...]]:
        """Pickle weights and card: torch refuses to pickle a network whose layers are normalised by spectrum.

        Spawned processes, as the workers of a loader are on macOS and Windows, are sent such a pickle.
        """
        return _rebuild, (self._generator.state_dict(), self.card, self.fingerprint, self.device)

    @property
    def minimum_side(self) -> int:
        """Smallest image side in pixels that the network takes."""
        return self._generator.stride

    @property
    def parameters(self) -> int:
        """How many weights the generator has."""
        return sum(weight.numel() for weight in self._generator.parameters())

    def inpaint(self, anatomy: AnyArray, label: AnyArray) -> Camera:
        """Paint one tumour image.

        Parameters
        ----------
        anatomy : array, (Y, X), uint8, uint16 or float
            In the units and dtype of the camera that the model was trained on.
        label : array, (Y, X)
            0 where there should be no tumour, any one positive value where there should be.
            An empty label gives an image without tumours.

        Returns
        -------
        array, (Y, X)
            In the camera's units and dtype of the training set's tumour channel.

        Raises
        ------
        ArrayError
            For another dtype, different shapes, more than two label values, NaN or infinite pixels, or an
            image smaller than `minimum_side`.

        Notes
        -----
        Where the anatomy was filled in with the constant of the training set (stitching, rotation), and the
        label is 0, the tumour channel is filled in with its own.
        """
        image = check_camera(np.asarray(anatomy), "anatomy")
        self.card.normalisation.check(image, "anatomy", "anatomy")
        mask = check_binary(np.asarray(label), "label")
        if image.ndim != 2 or image.shape != mask.shape:
            raise ArrayError(
                f"anatomy of shape {image.shape} and label of shape {mask.shape}",
                "two images (Y, X) of one shape",
                "Crop or resample them to the same grid",
            )
        fill = self.filled(image) & ~mask
        scaled = self._tensor(self.card.normalisation.shown(image, fill))
        with torch.inference_mode():
            painted = self._generator.paint(scaled, self._tensor(mask.astype(np.float32)))
        tumour = self.card.normalisation.undo(painted[0, 0].float().cpu().numpy(), "tumour")
        if self.card.normalisation.fill is not None:
            tumour[fill] = self.card.normalisation.fill.tumour
        return tumour

    def filled(self, anatomy: Camera) -> Mask:
        """Return where nothing was imaged in an anatomy, (Y, X): see `metgan.data.Normalisation.filled`."""
        return self.card.normalisation.filled(anatomy)

    def _tensor(self, image: AnyArray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(image))[None, None].to(self.device)  # (1, 1, Y, X)


def _rebuild(
    weights: Mapping[str, torch.Tensor], card: ModelCard, name: str, device: torch.device
) -> Inpainter:
    return Inpainter(restore_generator(card, weights), card, name, device)


def load(run: Path | str, device: Device = "auto") -> Inpainter:
    """Load a trained generator.

    Parameters
    ----------
    run : path
        Run folder of ``metgan train``, or its ``model.safetensors``.
    device : {"auto", "cpu", "cuda"}

    Raises
    ------
    StorageError
        When there is no finished model, or it is not a generator.
    SettingError
        When CUDA is asked for and there is none.
    """
    where = choose_device(device)
    generator, card = load_generator(run)
    return Inpainter(generator, card, fingerprint(model_path(run)), where)
