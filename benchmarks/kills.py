"""Calls that are killed with SIGKILL at random moments, and called again: the bytes are those of one call.

python benchmarks/kills.py FOLDER [--kills 8] [--seed 0] [--verbs train export ...]

Of the kills of a verb, every second falls into a call with --overwrite of a folder that holds a former
result. The moments are drawn with the seed, evenly over the time that one call takes. What is left is looked
at: no temporary file is taken for a final one, and each image, model and checkpoint can be read to its end.
Then the same call is made with --resume (`prepare` has none, and is called as it was).
"""

from __future__ import annotations

import shutil

import numpy as np
from processes import (
    VERBS,
    Call,
    World,
    broken,
    counted,
    differences,
    leftovers,
    make_parser,
    open_world,
    print_row,
    results,
)

COLUMNS = (
    "verb",
    "seconds alone",
    "kills",
    "of them --overwrite",
    "moments (share of the call)",
    "same bytes",
)
TRIES = 20


def kill_once(world: World, verb: str, seconds: float, rng: np.random.Generator, *mode: str) -> float:
    """Kill a call at a random moment; return the moment as a share of the time that it takes alone.

    A call that had ended before is made again and killed at another moment.
    """
    out = world.root / "out" / verb
    for _ in range(TRIES):
        shutil.rmtree(out, ignore_errors=True)
        if mode:
            shutil.copytree(world.root / "whole" / verb, out)
        share = float(rng.uniform(0, 1))
        call = Call((*world.words(verb, out), *mode), world.root / "said-killed")
        if call.kill_after(share * seconds):
            return share
    raise SystemExit(f"{verb} ended before it was killed, {TRIES} times")


def go_on(world: World, verb: str, whole: dict[str, bytes], *mode: str) -> list[str]:
    """Call again what was killed; say what is wrong with what it left, and with what there is then."""
    out = world.root / "out" / verb
    faults = [f"half-written: {broken(out)}"] if broken(out) else []
    more = mode if verb == "prepare" else ("--resume",)
    call = Call((*world.words(verb, out), *more), world.root / "said-again")
    status, line = call.end()
    if status or call.broke:
        return [*faults, f"called again: status {status}: {line}"]
    wrong = differences(results(out), whole)
    faults += [f"other files than of one call: {wrong}"] if wrong else []
    return [*faults, *([f"left behind: {leftovers(out)}"] if leftovers(out) else [])]


def main() -> None:
    """Print the table; status 1 where there is a fault."""
    parser = make_parser(__doc__, "kills", 8)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    world = open_world(asked.folder, COLUMNS)
    with counted(len(asked.verbs) * asked.kills) as faults:
        for verb in asked.verbs:
            rng = np.random.default_rng([asked.seed, VERBS.index(verb)])
            seconds = world.do_alone(verb)
            whole = results(world.root / "whole" / verb)
            moments, good = [], 0
            for number in range(asked.kills):
                mode = ("--overwrite",) if number % 2 else ()
                moments.append(kill_once(world, verb, seconds, rng, *mode))
                wrong = go_on(world, verb, whole, *mode)
                good += not wrong
                if wrong:
                    faults.append(f"{verb} {''.join(mode)} at {moments[-1]:.2f}: {'; '.join(wrong)}")
            shares = " ".join(f"{share:.2f}" for share in moments)
            cells = (
                verb,
                f"{seconds:.1f}",
                asked.kills,
                asked.kills // 2,
                shares,
                f"{good} of {asked.kills}",
            )
            print_row(cells)


if __name__ == "__main__":
    main()
