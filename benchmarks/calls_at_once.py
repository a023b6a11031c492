"""Ten pairs of calls at once: each is refused, and told who holds the folder, or harmless.

python benchmarks/calls_at_once.py FOLDER [--rounds 10] [--verbs train export ...]

Two processes are started side by side and write to one folder: the same call with --resume, and with
--overwrite (of a folder that holds such a result). `prepare` has no --resume, it adds to a set: there the two
cut the upper and the lower half of a scan. In every second round the folder is new. Harmless is what leaves
the bytes that one call alone would have left.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter

from processes import (
    VERBS,
    Call,
    World,
    counted,
    differences,
    leftovers,
    make_parser,
    open_world,
    print_row,
    results,
)

from metgan.data import PairSet

MODES = ("--resume", "--overwrite")
HALVES = ("0:96", "96:192")
HELD = re.compile(r"is being written to by (?:metgan|training) .*\(process (\d+) on ")
JUST_BEGUN = "is being written to by another process, which has just begun"
COLUMNS = (
    "pair",
    "rounds",
    "both written",
    "second refused, holder named",
    "refused, holder too young",
    "faults",
)


def sum_up(calls: list[Call]) -> tuple[Counter[str], list[str]]:
    """Wait for two calls; count how they ended, and say what is wrong about it."""
    ends, faults = [call.end() for call in calls], []
    counts: Counter[str] = Counter()
    for number, (call, (status, line)) in enumerate(zip(calls, ends, strict=True)):
        holder = HELD.search(line)
        if call.broke or status not in (0, 2):
            faults.append(f"status {status}: {line}")
        elif status == 2 and holder is not None:
            counts["named"] += 1
            if int(holder[1]) != calls[1 - number].pid:
                faults.append(f"the wrong holder: {line}")
        elif status == 2 and JUST_BEGUN in line:
            counts["young"] += 1
        elif status == 2:
            faults.append(f"refused for another reason: {line}")
    written = [status == 0 for status, _ in ends]
    counts["both"] += all(written)
    if not any(written):
        faults.append(f"none was written: {ends}")
    return counts, faults


def hold_round(world: World, verb: str, mode: str, *, is_new: bool) -> tuple[Counter[str], list[str]]:
    """Start two calls at once, and compare what they leave with what one alone leaves."""
    out, whole = world.root / "out" / verb, world.root / "whole" / verb
    shutil.rmtree(out, ignore_errors=True)
    adds = verb == "prepare" and mode == "--resume"
    if not is_new and not adds:
        shutil.copytree(whole, out)
    commands = [world.words(verb, out, *([rows] if adds else [])) for rows in HALVES]
    more = [] if adds else [mode]
    calls = [Call((*words, *more), world.root / f"said-{k}") for k, words in enumerate(commands)]
    counts, faults = sum_up(calls)
    if adds:  # who was refused comes again
        for words, call in zip(commands, calls, strict=True):
            if call.process.exitcode and (end := Call(words, world.root / "said-again").end())[0]:
                faults.append(f"called again: {end}")
        faults += [] if len(PairSet.open(out)) == 144 else [f"{len(PairSet.open(out))} pairs of 144"]
    wrong = differences(results(out), results(whole))
    faults += [f"other files than of one call alone: {wrong}"] if wrong else []
    faults += [f"left behind: {leftovers(out)}"] if leftovers(out) else []
    return counts, faults


def main() -> None:
    """Print the table; status 1 where there is a fault."""
    asked = make_parser(__doc__, "rounds", 10, VERBS[:5]).parse_args()
    world = open_world(asked.folder, COLUMNS)
    with counted(len(asked.verbs) * len(MODES) * asked.rounds) as faults:
        for verb in asked.verbs:
            world.do_alone(verb)
            for mode in MODES:
                counts: Counter[str] = Counter()
                for number in range(asked.rounds):
                    found, wrong = hold_round(world, verb, mode, is_new=number % 2 == 1)
                    counts += found
                    counts["faults"] += bool(wrong)
                    if wrong:
                        faults.append(f"{verb} {mode}, round {number}: {'; '.join(wrong)}")
                cells = [counts[name] for name in ("both", "named", "young", "faults")]
                name = "prepare, two halves" if (verb, mode) == ("prepare", "--resume") else f"{verb} {mode}"
                print_row([name, asked.rounds, *cells])


if __name__ == "__main__":
    main()
