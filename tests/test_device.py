"""Where to compute: names, and what they mean here."""

from __future__ import annotations

import pytest
import torch

from metgan.device import choose_device
from metgan.errors import SettingError


def test_auto_takes_cuda_where_there_is_one() -> None:
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu").type == "cpu"


def test_an_unknown_device_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingError, match='device \'tpu\'; expected "auto", "cpu" or "cuda"'):
        choose_device("tpu")  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is there")
def test_cuda_is_refused_where_there_is_none() -> None:
    with pytest.raises(SettingError, match="a machine without CUDA; expected a CUDA device"):
        choose_device("cuda")
