"""The verbs and where they live; nothing heavy is loaded until one is called.

A verb's help is written here and not in its function, which is loaded late.

Errors that metgan raises on purpose become one line on stderr and exit status 2, as do mistakes in
the command line itself.
"""

from __future__ import annotations

import sys
from typing import NoReturn

from cyclopts import App, CycloptsError

from metgan import __version__
from metgan.errors import MetganError, ShortMemoryError, StorageError
from metgan.progress import heeding_interrupts

_VERBS = {
    "demo": "Everything once, on a phantom, in minutes: from images to report.",
    "phantom": "Draw a synthetic two-channel pair set, or a volume, whose truth is known.",
    "prepare": "Cut registered scans into a pair set.\n\n"
    "Repeated calls add to it: other rows, other scans, other animals.",
    "segmentor": "Train a segmentor on a pair set.",
    "train": "Train a method, and its segmentor first where none is given.\n\n"
    "What is not given here comes from --config, then from the preset; RUN/config.toml shows the result. "
    "Without --preset, a CUDA device takes paper and a CPU small.",
    "generate": "Generate new labelled pairs with a trained method.",
    "inpaint": "Generate the tumour channel of a volume, from its anatomy and a label, given or drawn.\n\n"
    "The volume may be larger than memory. It is written block by block as OME-Zarr; a call that was "
    "killed goes on with --resume.",
    "evaluate": "Score a trained method on its test pairs.\n\n"
    "Similarity: MAE, MSD, SSIM and cross-correlation on [-1, 1]. Faithfulness: are the tumours where the "
    "label asks for them and nowhere else, as read by a segmentor that is trained apart from the one in "
    "the loop. It is trained first, into OUT/independent-segmentor, where none is given.",
    "export": "Write pair sets as the data set of nnU-Net, Cellpose, StarDist or ilastik.\n\n"
    "Several become one; no group of tissue is divided between its parts.",
    "info": "Describe a run, a pair set, scores, a study, an exported data set or a volume.",
}

_STUDIES = {
    "similarity": "Train methods alike and compare the images they generate: Table 1 and Fig. 3 of the "
    "paper.\n\n"
    "What is trained already is only read: methods, seeds and the other studies can be added to the same "
    "folder later, with --resume.",
    "robustness": "Train methods with partly shuffled labels, beside clean ones: Fig. 6 of the paper.",
    "ablation": "Train MetGAN with one decision at a time made as its release made it.",
    "labels": "How many pairs must be labelled? Train segmentors on few labelled pairs, with and without "
    "metgan.\n\n"
    "The other pairs are taken as unlabelled scans. What is trained already is only read: numbers and seeds "
    "can be added later, with --resume.",
    "downstream": "Train segmentors on real, synthetic and mixed data and compare what they find: "
    "Table 2 and Fig. 4 of the paper.\n\n"
    "In each fold a MetGAN and its segmentor are trained on the training part alone. What is trained or "
    "generated already is only read: training sets and seeds can be added later, with --resume.",
}

app = App(
    name="metgan",
    help="Labelled synthetic tumours for light-sheet microscopy.",
    version=__version__,
    help_flags=["--help", "-h"],
    result_action="return_value",
    suppress_keyboard_interrupt=False,  # main() says what goes on from there
)
for _verb, _help in _VERBS.items():
    app.command(f"metgan.cli.verbs:{_verb}", name=_verb, help=_help)
_study = App(name="study", help="Ask what the tables and figures of the paper ask, on your data.")
for _name, _help in _STUDIES.items():
    _study.command(f"metgan.cli.verbs:{_name}", name=_name, help=_help)
app.command(_study)
app.command(
    "metgan.cli.verbs:released",
    name="import",
    help="Make a run folder of the checkpoints that the paper's authors released.\n\n"
    "Files are read without executing code.",
)


def main() -> None:
    """Run the command line; exit status 0, 2 for refused input, 130 when interrupted."""
    try:
        with heeding_interrupts():
            app(sys.argv[1:], exit_on_error=False, print_error=True)
    except CycloptsError:
        sys.exit(2)
    except MetganError as error:
        _refuse(error)
    except OSError as error:  # of a file that is read or appended to without a wrapper of ours
        given = f"{error.filename or 'a file'}: {error.strerror or error}"
        _refuse(StorageError(given, "a path that can be read and written", "Check it, and the free space"))
    except (MemoryError, RuntimeError) as error:
        if not _is_short_of_memory(error):
            raise
        given = f"this machine has too little memory ({error or 'no more could be had'})"
        advice = "Close other programs, use smaller images or batches, or prepare fewer --rows and --planes"
        _refuse(ShortMemoryError(given, "enough memory for the task", advice))
    except KeyboardInterrupt:
        print(f"metgan: interrupted{_how_to_go_on(sys.argv[1:])}", file=sys.stderr)
        sys.exit(130)


def _how_to_go_on(words: list[str]) -> str:
    """Return what to add to the words of a call that was interrupted; "" for one that writes nothing."""
    names, apps, _ = app.parse_commands(words)
    if not names or names[-1].startswith("-") or apps[-1].default_command is None:  # no verb
        return ""
    options = {name for argument in apps[-1].assemble_argument_collection() for name in argument.names}
    if "--overwrite" not in options:
        return ""
    if "--resume" not in options or "--resume" in words:
        return "; the same call goes on"
    if "--overwrite" in words:
        return "; the same call with --resume in place of --overwrite goes on"
    return "; the same call with --resume goes on"


def _is_short_of_memory(error: Exception) -> bool:
    """Tell whether an error says that memory has run out, in Python's, torch's or C++'s words."""
    words = ("out of memory", "can't allocate memory", "not enough memory", "bad_alloc", "bad allocation")
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)


def _refuse(error: MetganError) -> NoReturn:
    """Print the error as one line, whatever line breaks the quoted names or messages hold."""
    print(f"metgan: {' '.join(map(str.strip, str(error).splitlines()))}", file=sys.stderr)
    sys.exit(2)
