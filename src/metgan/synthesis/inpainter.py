"""A trained generator as a function of arrays, in the camera's units."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from metgan.data import SPLIT_FILE, HeldOut, check_camera, held_out_of, load_split
from metgan.device import Device, choose_device
from metgan.errors import ArrayError
from metgan.io import fingerprint, has_file
from metgan.labels import check_binary
from metgan.models import ModelCard, batches, load_generator, model_path, predict
from metgan.networks import Generator, channels_last, fold
from metgan.types import AnyArray, Camera, Mask


class Inpainter:
    """Generates the tumour channel from an anatomy image and a label.

    Parameters
    ----------
    generator : Generator
        Is folded (`metgan.networks.fold`), and of no use for training afterwards: of one in training, give a
        copy.
    card : ModelCard
    name : str
        Fingerprint of the weights.
    device : torch.device
    held_out : HeldOut

    Attributes
    ----------
    card : ModelCard
        What the model was trained on.
    fingerprint : str
        Names the weights in provenance.
    device : torch.device
        Where it computes.
    parameters : int
        How many weights the generator was trained with.
    generator : Generator
        The network, folded, in eval mode.
    held_out : HeldOut
        What its run tests on, and so nothing may be generated from that is trained on.

    Examples
    --------
    >>> inpainter = load("runs/mouse")  # doctest: +SKIP
    >>> tumour = inpainter.inpaint(anatomy, label)  # doctest: +SKIP
    >>> tumour.dtype  # doctest: +SKIP
    dtype('uint16')
    """

    def __init__(
        self,
        generator: Generator,
        card: ModelCard,
        name: str,
        device: torch.device,
        held_out: HeldOut = HeldOut(),  # noqa: B008  # frozen
    ) -> None:
        self.card, self.held_out = card, held_out
        self.fingerprint = name
        self.device = device
        self.parameters = sum(weight.numel() for weight in generator.parameters())
        self.generator = channels_last(fold(generator).to(device))

    @property
    def minimum_side(self) -> int:
        """Smallest image side in pixels that the network takes."""
        return self.generator.stride

    def inpaint(self, anatomy: AnyArray, label: AnyArray) -> Camera:
        """Generate one tumour image.

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
            For another dtype, different shapes, more than two label values, NaN, infinite or masked pixels,
            or an image smaller than `minimum_side`.

        Notes
        -----
        Where the anatomy was filled in with the constant of the training set (stitching, rotation), and the
        label is 0, the tumour channel is filled in with its own.
        """
        return self.inpaint_all([(anatomy, label)])[0]

    def inpaint_all(self, images: Sequence[tuple[AnyArray, AnyArray]]) -> list[Camera]:
        """Generate several tumour images, those of one shape together.

        Parameters
        ----------
        images : sequence of (anatomy, label)
            As `inpaint` takes them.

        Returns
        -------
        list of array, (Y, X)
            In their order; each is what `inpaint` gives of it, to the bit.
        """
        checked = [self._check(anatomy, label) for anatomy, label in images]
        tumours: dict[int, Camera] = {}
        for batch in batches([image.shape for image, _ in checked]):  # few at once, since images may be large
            tumours |= zip(batch, self._inpaint_batch([checked[k] for k in batch]), strict=True)
        return [tumours[k] for k in range(len(checked))]

    def _inpaint_batch(self, checked: Sequence[tuple[Camera, Mask]]) -> list[Camera]:
        scale = self.card.normalisation
        fills = [self.filled(image) & ~mask for image, mask in checked]
        shown = [
            (scale.shown(image, fill), mask.astype(np.float32))
            for (image, mask), fill in zip(checked, fills, strict=True)
        ]
        generated = predict(self.generator.generate, shown, self.device)
        del shown
        tumours = [scale.undo(image, "tumour") for image in generated]
        if scale.fill is not None:
            for tumour, fill in zip(tumours, fills, strict=True):
                tumour[fill] = scale.fill.tumour
        return tumours

    def _check(self, anatomy: AnyArray, label: AnyArray) -> tuple[Camera, Mask]:
        self.card.normalisation.check(np.asarray(anatomy), "anatomy", "anatomy")
        image = check_camera(np.asanyarray(anatomy), "anatomy")  # a masked array is refused, not unmasked
        mask = check_binary(np.asanyarray(label), "label")
        if image.ndim != 2 or image.shape != mask.shape:
            raise ArrayError(
                f"anatomy of shape {image.shape} and label of shape {mask.shape}",
                "two images (Y, X) of one shape",
                "Crop or resample them to the same grid",
            )
        return image, mask

    def filled(self, anatomy: Camera) -> Mask:
        """Return where nothing was imaged in an anatomy, (Y, X): see `metgan.data.Normalisation.filled`."""
        return self.card.normalisation.filled(anatomy)


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
    model = model_path(run)
    split = model.parent / SPLIT_FILE
    held_out = held_out_of((), load_split(split)) if has_file(split) else HeldOut()
    return Inpainter(generator, card, fingerprint(model), where, held_out)
