"""Where to compute: what "auto" means on this machine, and a clear word where CUDA is missing."""

from __future__ import annotations

from typing import Literal

import torch

from metgan.errors import SettingError

Device = Literal["auto", "cpu", "cuda"]
"""Where to compute; "auto" takes CUDA where there is one."""


def choose_device(device: Device) -> torch.device:
    """Return the torch device that `device` means on this machine.

    Raises
    ------
    SettingError
        For an unknown name, and for CUDA on a machine that has none.

    Examples
    --------
    >>> choose_device("cpu")
    device(type='cpu')
    """
    if device not in ("auto", "cpu", "cuda"):
        raise SettingError(f"device {device!r}", '"auto", "cpu" or "cuda"', "Choose one of them")
    if device == "cuda" and not torch.cuda.is_available():
        raise SettingError("device cuda on a machine without CUDA", "a CUDA device", "Choose auto, or cpu")
    return torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
