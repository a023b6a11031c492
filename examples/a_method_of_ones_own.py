"""Add a term to MetGAN's loss, train it beside MetGAN, and score both in the same way.

    python examples/a_method_of_ones_own.py example/pairs own

takes a pair set, as `metgan prepare` or `metgan phantom` writes it, and asks whether generated images come
nearer to real ones when their edges must lie where those of the real ones do. Both share seed, split and
segmentor, and are scored by one independent segmentor. It takes a quarter of an hour on two CPU cores.

One seed shows that it works, not which is better. `metgan study similarity` repeats a comparison with several
seeds, once the method stands in the table of methods (docs/methods.md).
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from torch import Tensor

from metgan import workflows as work
from metgan.data import PairSet
from metgan.losses import absolute_difference
from metgan.methods import Term, Translations, find_method
from metgan.training import GAN_CONFIGS, SEGMENTOR_CONFIGS, Engine, MethodTraining, RunConfig, load_data


@dataclass(frozen=True)
class Edges(Term):
    """L1 distance of the gradients along both axes, between generated and real tumour channel."""

    weight: float = 10.0
    name: ClassVar[str] = "edges"

    def __call__(self, step: Translations) -> Tensor:
        """Return the term, without its weight; `step` computes each image once, when it is asked for."""
        fake, real = step.fake_tumour, step.tumour  # (N, 1, Y, X), in [-1, 1]
        down = absolute_difference(fake.diff(dim=-2), real.diff(dim=-2))
        return down + absolute_difference(fake.diff(dim=-1), real.diff(dim=-1))


def main() -> None:
    """Train and score MetGAN, and MetGAN with the further term."""
    parser = argparse.ArgumentParser(description="Train and score a method of one's own beside MetGAN.")
    parser.add_argument("pairs", type=Path, help="pair set")
    parser.add_argument("out", type=Path, help="folder to write into; must be new")
    parser.add_argument("--steps", type=int, default=GAN_CONFIGS["small"].steps, help="batches, each method")
    parser.add_argument("--segmentor-steps", type=int, default=SEGMENTOR_CONFIGS["small"].steps)
    options = parser.parse_args()

    metgan = find_method("metgan")
    edges = replace(
        metgan, name="metgan-edges", title="MetGAN with edges", terms=(*metgan.terms, Edges()), source="ours"
    )
    short = replace(GAN_CONFIGS["small"], steps=options.steps)
    of_segmentor = replace(SEGMENTOR_CONFIGS["small"], steps=options.segmentor_steps)
    in_loop = independent = None  # trained by the first method, and used by the second
    for method in (metgan, edges):
        run, scores = options.out / method.name, options.out / f"scores-{method.name}"
        config = RunConfig(method.name, "small", short, Engine(), seed=0, folder=run)
        data = load_data(PairSet.open(options.pairs), config.seed)
        MethodTraining(method, config, data, of_segmentor, in_loop).run()
        steps = None if independent else options.segmentor_steps
        chosen = work.IndependentSegmentorChoice(
            independent_segmentor=independent, independent_segmentor_steps=steps
        )
        request = work.EvaluateRequest(run=run, data=options.pairs, out=scores, independent=chosen)
        evaluation = work.evaluate(request).evaluation
        in_loop, independent = in_loop or run / "segmentor", independent or scores / "independent-segmentor"
        similarity, found = evaluation.similarity(), evaluation.faithfulness().detection
        print(f"{method.title}: MAE {similarity.mae:.4f}, SSIM {similarity.ssim:.3f}, ", end="")
        print(f"{found.recall:.0%} of the tumours found")


if __name__ == "__main__":
    main()
