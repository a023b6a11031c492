"""The verbs and where they live; nothing heavy is loaded until one is called.

Errors that metgan raises on purpose become one line on stderr and exit status 2, as do mistakes in
the command line itself.
"""

from __future__ import annotations

import sys

from cyclopts import App, CycloptsError

from metgan import __version__
from metgan.errors import MetganError

_VERBS = {
    "demo": "Everything once, on a phantom, in minutes: from images to report.",
    "phantom": "Draw a synthetic two-channel pair set whose truth is known.",
    "prepare": "Cut registered TIFF stacks into a pair set.",
    "segmentor": "Train a segmentor on a pair set.",
    "train": "Train a method, and its segmentor first where none is given.",
    "generate": "Paint new labelled pairs with a trained method.",
    "evaluate": "Score a trained method on its test pairs.",
    "info": "Tell what a run or a pair set is.",
}

app = App(
    name="metgan",
    help="Labelled synthetic tumours for light-sheet microscopy.",
    version=__version__,
    help_flags=["--help", "-h"],
    result_action="return_value",
)
for _verb, _help in _VERBS.items():
    app.command(f"metgan.cli.{_verb}:{_verb}", name=_verb, help=_help)


def main() -> None:
    """Run the command line; exit status 0, 2 for refused input, 130 when interrupted."""
    try:
        app(exit_on_error=False, print_error=True)
    except CycloptsError:
        sys.exit(2)
    except MetganError as error:
        print(f"metgan: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("metgan: interrupted; add --resume to the same command to go on", file=sys.stderr)
        sys.exit(130)
