"""Train MetGAN on a pair set, generate new pairs with it, and score it: the main job, in Python.

    python examples/train_and_generate.py example

draws a made-up mouse (a phantom) into `example/pairs`, trains on it for as long as validation improves, and
writes `example/run`, `example/new-pairs` and `example/scores`. It takes a quarter of an hour on two CPU
cores. With your own data, as `metgan prepare` makes it:

    python examples/train_and_generate.py example --pairs my-pairs

Look at `example/scores/report.html` first: it begins with what speaks against the generator, if anything
does.
"""

import argparse
from pathlib import Path

from metgan import workflows as work
from metgan.progress import Event, Progress


def tell(event: Event) -> None:
    """Print notes, and every tenth of a task; a page or a plugin would show them."""
    if not isinstance(event, Progress):
        print("note:", event.text)
    elif event.done % max(1, event.total // 10) == 0:
        print(f"{event.task}: {event.done} of {event.total} {event.words}")


def main() -> None:
    """Draw, train, generate and score."""
    parser = argparse.ArgumentParser(description="Train MetGAN, generate new pairs, and score it.")
    parser.add_argument("out", type=Path, help="folder to write into; must be new")
    parser.add_argument("--pairs", type=Path, help="pair set to train on (default: a phantom)")
    parser.add_argument("--count", type=int, default=200, help="pairs to generate")
    parser.add_argument("--steps", type=int, help="length of MetGAN's training in batches (default: open)")
    parser.add_argument(
        "--segmentor-steps", type=int, help="length of each segmentor's (default: the preset's)"
    )
    options = parser.parse_args()

    out, pairs = options.out, options.pairs or options.out / "pairs"
    if options.pairs is None:
        work.phantom(work.PhantomRequest(out=pairs), tell)

    run = out / "run"
    in_loop = work.SegmentorChoice(segmentor_steps=options.segmentor_steps)
    settings = work.TrainingSettings(steps=options.steps)
    work.train(work.TrainRequest(data=pairs, out=run, segmentor=in_loop, settings=settings), tell)

    # Labels are single real tumours of other animals, varied and set down anew, in tissue.
    sources = work.Sources(anatomy=pairs, labels=pairs)
    recipe = work.RecipeChoice("bank")
    made = work.generate(
        work.GenerateRequest(
            run=run, sources=sources, recipe=recipe, out=out / "new-pairs", count=options.count
        ),
        tell,
    )
    print(f"{len(made.pairs)} pairs in {made.out}; look at {made.contact_sheet}")

    independent = work.IndependentSegmentorChoice(independent_segmentor_steps=options.segmentor_steps)
    scored = work.evaluate(
        work.EvaluateRequest(run=run, data=pairs, out=out / "scores", independent=independent), tell
    )
    evaluation = scored.evaluation
    for warning in evaluation.warnings:
        print("warning:", warning)
    found = evaluation.faithfulness().detection
    error, of_flat_image = evaluation.similarity().mae, evaluation.baseline.mae
    print(f"mean absolute error: {error:.4f}; of a flat image of the training mean: {of_flat_image:.4f}")
    print(f"tumours found where they were asked for: {found.recall:.0%}")


if __name__ == "__main__":
    main()
