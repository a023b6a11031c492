"""Steps of refinement: what generated tumour channels are given after the generator, in one order."""
