"""Checkpoints of the paper's release as a run folder of metgan.

They are plain state dicts, one file for each pathway, discriminator and segmentor; their keys stand in
docs/paper.md, "The released checkpoints". Files are read without executing code. Nothing in them says
which way a generator translates, nor what it was trained on, so the files are given by role, and no test
group can be guarded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from metgan import __version__
from metgan.checked import Checked
from metgan.data import Normalisation
from metgan.errors import StorageError
from metgan.io import fingerprint, load_state
from metgan.models import MODEL_FILE, Kind, ModelCard, save_model
from metgan.networks import PRESETS, PatchGAN, Segmentor, blank, make_generator

_SHOWN = 5  # keys of each kind that an error lists
UNET_NAMES = (
    (r"down\.(\d)\.(\d)\.", lambda m: f"down{int(m[1]) + 1}.encode.{m[2]}."),
    (r"up\.(\d)\.(\d)\.", lambda m: f"up{int(m[1]) + 1}.decode.{m[2]}."),
    (r"centre\.", "center."),
    (r"\.norm\.", ".bn."),
)
_BLOCKS = ("head_0", "G_middle_0", "G_middle_1", "up_0", "up_1", "up_2", "up_3")
LABEL_NAMES = (
    (r"blocks\.(\d)\.", lambda m: f"{_BLOCKS[int(m[1])]}."),
    (r"entrance\.", "fc."),
    (r"discarded\.", "conv_img."),
    (r"shortcut\.", "conv_s."),
    (r"parametrizations\.weight\.original", "weight_orig"),
    (r"parametrizations\.weight\.0\._([uv])", r"weight_\1"),
    (r"spade_([01s])\.norm\.", r"norm_\1.param_free_norm."),
    (r"spade_([01s])\.shared\.", r"norm_\1.mlp_shared.0."),
    (r"spade_([01s])\.(gamma|beta)\.", r"norm_\1.mlp_\2."),
)
DISCRIMINATOR_NAMES = ((r"^layers\.", "model."),)
Names = Sequence[tuple[str, object]]
"""Patterns in our keys and what they are called in the release, applied in this order."""


@dataclass(frozen=True)
class ReleasedFiles(Checked):
    """The files of the release: state dicts.

    Parameters
    ----------
    anatomy_pathway : Path
        U-Net of the generator from anatomy to tumour.
    label_pathway : Path
        SPADE pathway of the same generator.
    back_anatomy_pathway : Path or None
        U-Net of the generator from tumour back to anatomy; with --back-label-pathway.
    back_label_pathway : Path or None
        SPADE pathway of the generator from tumour back to anatomy; with --back-anatomy-pathway.
    discriminator_tumour : Path or None
        Discriminator of tumour images.
    discriminator_anatomy : Path or None
        Discriminator of anatomy images.
    segmentor : Path or None
        DeepMACT's; goes to OUT/segmentor, for metgan train --segmentor.
    """

    anatomy_pathway: Path
    label_pathway: Path
    back_anatomy_pathway: Path | None = None
    back_label_pathway: Path | None = None
    discriminator_tumour: Path | None = None
    discriminator_anatomy: Path | None = None
    segmentor: Path | None = None


@dataclass(frozen=True)
class Part:
    """One network of the release: where it goes in a run folder, what it is, and its weights by our keys."""

    place: Path
    kind: Kind
    weights: Mapping[str, Tensor]


def read_released(files: ReleasedFiles) -> list[Part]:
    """Read and check the release's files.

    Returns
    -------
    list of Part
        ``model.safetensors`` and, for what is given, ``to_anatomy.safetensors``,
        ``discriminator_tumour.safetensors``, ``discriminator_anatomy.safetensors`` and
        ``segmentor/model.safetensors``.

    Raises
    ------
    StorageError
        For a file that cannot be read, or lacks keys, has others, or has others' shapes.
    """
    weights = _read_generator(files.anatomy_pathway, files.label_pathway)
    parts = [Part(Path(MODEL_FILE), "generator", weights)]
    if (files.back_anatomy_pathway is None) != (files.back_label_pathway is None):
        raise StorageError(
            "one pathway of the backward generator", "both of them, or none", "Give the other too"
        )
    if files.back_anatomy_pathway is not None and files.back_label_pathway is not None:
        weights = _read_generator(files.back_anatomy_pathway, files.back_label_pathway)
        parts.append(Part(Path("to_anatomy.safetensors"), "generator", weights))
    sizes = PRESETS["released"]
    discriminator = blank(lambda: PatchGAN(sizes.discriminator))
    segmentor = blank(lambda: Segmentor(sizes.segmentor))
    for name in ("discriminator_tumour", "discriminator_anatomy"):
        if (path := getattr(files, name)) is not None:
            weights = _translate(path, discriminator, DISCRIMINATOR_NAMES)
            parts.append(Part(Path(f"{name}.safetensors"), "discriminator", weights))
    if files.segmentor is not None:
        weights = _prefixed("unet", _translate(files.segmentor, segmentor.unet, UNET_NAMES))
        parts.append(Part(Path("segmentor", MODEL_FILE), "segmentor", weights))
    return parts


def write_released(parts: Sequence[Part], out: Path, normalisation: Normalisation) -> None:
    """Write what `read_released` gave into a run folder.

    `normalisation` is between the user's camera and [-1, 1]; the release scaled every image by its own
    extremes. Generators are told of the segmentor, which must never pass for an independent one.
    """
    in_loop = ""
    for part in sorted(parts, key=lambda part: part.kind != "segmentor"):
        card = ModelCard(
            kind=part.kind,
            method="segmentor" if part.kind == "segmentor" else "metgan",
            generator="metgen" if part.kind == "generator" else "",
            preset="released",
            normalisation=normalisation,
            groups_seen=(),
            segmentor=in_loop if part.kind == "generator" else "",
            step=0,
            steps=0,
            seed=0,
            metgan=__version__,
        )
        save_model(out / part.place, part.weights, card)
        if part.kind == "segmentor":
            in_loop = fingerprint(out / part.place)


def _read_generator(anatomy_pathway: Path, label_pathway: Path) -> dict[str, Tensor]:
    network = blank(lambda: make_generator("metgen", "released"))
    image = _translate(anatomy_pathway, network.get_submodule("image_pathway"), UNET_NAMES)
    label = _translate(label_pathway, network.get_submodule("label_pathway"), LABEL_NAMES)
    return _prefixed("image_pathway", image) | _prefixed("label_pathway", label)


def _translate(path: Path, network: nn.Module, names: Names) -> dict[str, Tensor]:
    """Read a file and give its tensors under the keys of `network`, whose shapes they must have."""
    theirs = load_state(path)
    expected = network.state_dict()
    called = {key: released_name(key, names) for key in expected}
    missing = [name for name in called.values() if name not in theirs]
    extra = [str(name) for name in theirs if name not in called.values()]
    misshapen = [
        f"{name} of {_shape(theirs[name])} for {_shape(expected[key])}"
        for key, name in called.items()
        if name in theirs and _shape(theirs[name]) != _shape(expected[key])
    ]
    faults = {"missing": missing, "unknown": extra, "misshapen": misshapen}
    if any(faults.values()):
        found = "; ".join(f"{len(keys)} {kind} ({_few(keys)})" for kind, keys in faults.items() if keys)
        raise StorageError(
            f"{path} does not hold the weights of this part: {found}",
            f"the {len(called)} keys of the release",
            "Check that the file is given in its role: pathways, discriminators and the segmentor differ",
        )
    return {key: theirs[name] for key, name in called.items()}


def released_name(key: str, names: Names) -> str:
    """Return the release's name of one of our keys.

    Examples
    --------
    >>> released_name("up.4.2.norm.bias", UNET_NAMES)
    'up5.decode.2.bn.bias'
    >>> released_name("blocks.3.conv_0.parametrizations.weight.0._u", LABEL_NAMES)
    'up_0.conv_0.weight_u'
    """
    for pattern, name in names:
        key = re.sub(pattern, name, key)  # type: ignore[call-overload]  # text or a function of the match
    return key


def _prefixed(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{key}": tensor for key, tensor in state.items()}


def _shape(tensor: object) -> str:
    return " x ".join(map(str, tensor.shape)) or "one number" if isinstance(tensor, Tensor) else "no tensor"


def _few(keys: Sequence[str]) -> str:
    more = f", and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return ", ".join(keys[:_SHOWN]) + more
