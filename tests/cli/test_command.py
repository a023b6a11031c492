"""A command hands on the request that Python would have built."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from metgan import workflows
from metgan.cli.command import command


@pytest.mark.parametrize(
    ("kind", "words", "expected"),
    [
        (
            workflows.InpaintRequest,
            {"run": Path("r"), "sources": [Path("s")], "labels": Path("l"), "out": Path("o.zarr")},
            workflows.InpaintRequest(run="r", sources=["s"], labels="l", out="o.zarr"),
        ),
        (
            workflows.ExportRequest,
            {"data": [Path("d")], "format": "nnunet", "out": Path("o")},
            workflows.ExportRequest(data=["d"], format="nnunet", out="o"),
        ),
    ],
)
def test_groups_of_options_are_of_their_own_class_so_that_a_request_can_go_to_another_process(
    kind: type, words: dict[str, object], expected: object
) -> None:
    got: list[object] = []
    called = command(kind, got.append, lambda _: None)
    groups = {
        name: parameter.default
        for name, parameter in called.__signature__.parameters.items()
        if parameter.default is not parameter.empty
    }
    called(**{**groups, **words})
    assert got == [expected]
    assert pickle.loads(pickle.dumps(got[0])) == expected
