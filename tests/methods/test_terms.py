"""Each term by hand, and where its gradient goes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from metgan.errors import SettingError, UnknownNameError
from metgan.losses import structure_difference
from metgan.methods import (
    Adversarial,
    Cycle,
    FillMask,
    GanNetworks,
    Paired,
    Segmentation,
    Structure,
    Translations,
    freeze,
)
from metgan.methods.gan_networks import BackwardNetworks
from metgan.methods.terms import RIM

from .conftest import play, step_of

TERMS = [
    Adversarial(),
    Adversarial(loss="log"),
    Cycle(),
    Segmentation(),
    Segmentation(loss="l1"),
    Paired(),
    Structure(),
]
every_term = pytest.mark.parametrize(
    "term", TERMS, ids=lambda term: f"{term.name}-{getattr(term, 'loss', '')}"
)


def moved(network):
    return any(p.grad is not None and p.grad.abs().max() > 0 for p in network.parameters())


@every_term
def test_the_gradient_reaches_the_generators_and_never_the_segmentors_weights(term):
    networks = play()
    before = {name: value.clone() for name, value in networks.segmentor.state_dict().items()}
    loss = term(step_of(networks))
    loss.backward()
    assert loss.shape == ()
    assert moved(networks.to_tumour)
    assert moved(networks.to_anatomy) == (term.name != "segmentation")  # it reads the fake tumour alone
    assert all(p.grad is None for p in networks.segmentor.parameters())
    assert all(torch.equal(before[name], value) for name, value in networks.segmentor.state_dict().items())


@every_term
def test_only_the_adversarial_term_touches_the_judges(term):
    networks = play()
    term(step_of(networks)).backward()
    assert [moved(discriminator) for discriminator in networks.discriminators_by_name.values()] == [
        term.name == "adversarial"
    ] * 2


def numpy_of(*tensors):
    return [tensor.detach().double().numpy() for tensor in tensors]


def test_every_term_is_the_sum_over_directions_of_its_unweighted_formula():
    step = step_of(play())
    (fake, tumour), (fake_anatomy, anatomy) = (numpy_of(*pair) for pair in step.pairs)
    paired = np.abs(fake - tumour).mean() + np.abs(fake_anatomy - anatomy).mean()
    assert Paired(weight=7, tumour_weight=1)(step).item() == pytest.approx(paired, rel=1e-5)
    heavy = 1 + 9 * numpy_of(step.label)[0]
    distances = np.abs(fake - tumour), np.abs(fake_anatomy - anatomy)
    weighed = sum(np.average(distance, weights=heavy) for distance in distances)
    assert Paired(weight=7)(step).item() == pytest.approx(weighed, rel=1e-5)
    cycle = sum(np.abs(np.subtract(*numpy_of(*pair))).mean() for pair in step.cycles)
    assert Cycle(weight=7)(step).item() == pytest.approx(cycle, rel=1e-5)
    scores = numpy_of(*step.fake_logits)
    assert Adversarial()(step).item() == pytest.approx(sum(((s - 1) ** 2).mean() for s in scores), rel=1e-5)
    logs = sum(np.log1p(np.exp(-s)).mean() for s in scores)
    assert Adversarial(loss="log")(step).item() == pytest.approx(logs, rel=1e-5)
    segmentation_logits, label = numpy_of(step.networks.segmentor(step.fake_tumour), step.label)
    costs = np.where(label > 0, np.log1p(np.exp(-segmentation_logits)), np.log1p(np.exp(segmentation_logits)))
    weighted = Segmentation()(step).item()
    assert weighted == pytest.approx(np.average(costs, weights=1 + 9 * label), rel=1e-4)
    plain = np.abs(1 / (1 + np.exp(-segmentation_logits)) - label).mean()
    assert Segmentation(loss="l1")(step).item() == pytest.approx(plain, rel=1e-4)


def test_a_tumour_weighs_as_much_in_the_pair_term_as_in_the_segmentation_term():
    """One pixel of n is labelled and missed by 1: 10 / (n + 9) of a weighted mean, 1 / n of a plain one."""
    step = step_of(play())
    step.label = torch.zeros_like(step.label)
    step.label[..., 0, 0] = 1
    step.tumour, step.anatomy = step.fake_tumour.detach() - step.label, step.fake_anatomy.detach()
    pixels = step.label[0].numel()
    assert Paired()(step).item() == pytest.approx(10 / (pixels + 9), rel=1e-4)
    assert Paired(tumour_weight=1)(step).item() == pytest.approx(1 / pixels, rel=1e-4)


def test_the_structure_term_asks_for_tissue_alone_however_bright_tumours_and_their_glow_are():
    away = torch.ones(1, 1, 64, 64)
    away[..., 10 - RIM : 14 + RIM, 20 - RIM : 22 + RIM] = 0

    def asked(change):
        step = step_of(play())
        step.label = torch.zeros_like(step.label)
        step.label[..., 10:14, 20:22] = 1
        assert step.fake_tumour.shape == step.fake_anatomy.shape  # generated before the real one changes
        step.tumour = step.tumour + change
        return Structure()(step).item(), sum(structure_difference(*pair, away).item() for pair in step.pairs)

    wanted, by_hand = asked(0.0)
    assert wanted == pytest.approx(by_hand)
    assert asked(1.25 - away)[0] == pytest.approx(wanted, rel=1e-4)
    beside = torch.zeros_like(away)
    beside[..., 10 - RIM - 1, ::2] = 9
    assert asked(beside)[0] != pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf")])
def test_a_pair_term_refuses_a_tumour_that_weighs_nothing(weight):
    with pytest.raises(SettingError):
        Paired(tumour_weight=weight)


def test_defaults_are_the_papers_alphas():
    assert [term.weight for term in (Adversarial(), Cycle(), Segmentation(), Paired())] == [1, 10, 100, 10]


@pytest.mark.parametrize("term", [Adversarial, Segmentation])
def test_an_unknown_loss_is_refused_with_the_known_ones_when_the_term_is_made(term):
    with pytest.raises(UnknownNameError, match=r"loss 'hinge'; expected one of: \w"):
        term(loss="hinge")


class Pixelwise(torch.nn.Module):
    """A stand-in for any network: what comes out at a pixel depends on that pixel and its label alone."""

    def __init__(self, weight):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(weight))

    def embed(self, label):
        return label

    def forward(self, image, label=None):
        light = image.mean(1, keepdim=True)
        return torch.tanh(self.weight * light + (0 if label is None else 0.3 * label))


def pixelwise_step(change=0.0, *, ignores=True, sees_input=False):
    """A step of which the right half is ignored; `change` is added there to both channels and the label."""
    backward = BackwardNetworks(Pixelwise(0.4), Pixelwise(0.8))
    networks = GanNetworks(Pixelwise(0.5), Pixelwise(0.9), backward, freeze(Pixelwise(1.5)), sees_input)
    dice = torch.Generator().manual_seed(0)
    anatomy, tumour, label = torch.rand(3, 2, 1, 24, 24, generator=dice) * 2 - 1
    label, ignored = (label > 0.9).float(), torch.zeros(2, 1, 24, 24)
    ignored[..., 12:] = 1
    anatomy, tumour = anatomy + change * ignored, tumour - change * ignored
    label = torch.where(ignored > 0, (label + change) % 2, label)
    return Translations(networks, anatomy, tumour, label, ignored=ignored if ignores else None)


def gradients(term, step):
    term(step).backward()
    return [network.weight.grad for network in step.networks.generators.values()]


@every_term
def test_what_is_seen_and_labelled_where_the_label_says_nothing_changes_no_gradient(term):
    kept, changed = (gradients(term, pixelwise_step(change)) for change in (0.0, 1.0))
    assert [grad is not None for grad in kept] == [True, term.name != "segmentation"]
    for first, second in zip(kept, changed, strict=True):
        assert first is second is None or torch.equal(first, second)
    counted = gradients(term, pixelwise_step(1.0, ignores=False))
    assert not torch.equal(kept[0], counted[0])  # where it is not ignored, it does


def test_discriminators_see_the_real_image_where_the_label_says_nothing():
    step = pixelwise_step()
    for (real, fake), (generated, _) in zip(step.discriminator_inputs, step.pairs, strict=True):
        assert torch.equal(fake[..., 12:], real[..., 12:])
        assert torch.equal(fake[..., :12], generated[..., :12])
        assert not torch.equal(fake[..., :4], real[..., :4])


@pytest.mark.parametrize("filled", [False, True])
def test_pixels_that_are_compared_are_neither_fill_nor_ignored(filled):
    step = pixelwise_step()
    expected = 1 - step.ignored
    if filled:
        mask = torch.zeros_like(step.label)
        mask[:, :, :2] = 1
        step.fill = FillMask(mask, torch.zeros(2, 64, dtype=torch.int64), -1.0, -1.0, 0.0, 0.0)
        expected[:, :, :2] = 0
    assert torch.equal(step.within, expected)
