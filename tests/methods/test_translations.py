"""A step computes each image once, and only the images that somebody asks for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from metgan.errors import SettingError
from metgan.labels import extend_light, nearest_light
from metgan.methods import (
    Adversarial,
    Cycle,
    FillMask,
    IntensityAugment,
    Paired,
    Segmentation,
    StepAugments,
    Structure,
    Translations,
)
from metgan.methods.intensity import DrawnIntensity

from .conftest import play, step_of


def seen_with(networks, intensity, step=3):
    plain = step_of(networks)
    return Translations(
        networks,
        plain.anatomy,
        plain.tumour,
        plain.label,
        StepAugments(discriminators=intensity.draw(plain.anatomy, 4, 7, "judges", step)),
    )


@pytest.mark.parametrize("conditional", [False, True])
def test_judges_see_real_and_fake_through_noise_of_their_own_and_nobody_else_does(conditional):
    networks = play(cyclic=not conditional, conditional=conditional)
    plain, noisy = step_of(networks), seen_with(networks, IntensityAugment(noise=0.25))
    grains = []
    for (clear, _), (real, fake), image in zip(
        plain.discriminator_inputs, noisy.discriminator_inputs, noisy.pairs, strict=True
    ):
        assert torch.equal(real[:, :-1], clear[:, :-1])  # input and label of a conditional discriminator
        grains += [real[:, -1:] - image[1], fake[:, -1:] - image[0]]
    for grain in grains:
        assert grain.std().item() == pytest.approx(0.25, rel=0.05)
        assert abs(grain.mean().item()) < 0.02
    assert not torch.allclose(grains[0], grains[1], atol=0.01)
    assert torch.equal(noisy.segmentation_logits, networks.segmentor(noisy.fake_tumour))
    again, later = (seen_with(networks, IntensityAugment(noise=0.25), step) for step in (3, 4))
    assert torch.equal(again.discriminator_inputs[0][0], noisy.discriminator_inputs[0][0])
    assert not torch.equal(later.discriminator_inputs[0][0], noisy.discriminator_inputs[0][0])


def test_judges_see_images_in_another_light_whose_shape_is_kept():
    """Each image is a * image + b, with a between 1/2 and 2 about the mean, and a shift up to 0.5."""
    images = torch.rand(50, 1, 8, 8, generator=torch.Generator().manual_seed(0)) - 0.5
    (light,) = IntensityAugment(brightness=0.5, contrast=1.0).draw(images, 1, 0, "judges", 0)
    seen = light(images)
    shifts = (seen.mean((1, 2, 3)) - images.mean((1, 2, 3))).numpy()
    factors = (seen.std((1, 2, 3)) / images.std((1, 2, 3))).numpy()
    assert -0.5 < shifts.min() < -0.3 < 0.3 < shifts.max() < 0.5
    assert 0.5 < factors.min() < 0.7 < 1.6 < factors.max() < 2
    for image, other in zip(images.flatten(1), seen.flatten(1), strict=True):
        assert np.corrcoef(image, other)[0, 1] == pytest.approx(1, abs=1e-5)


def test_the_gradient_of_a_verdict_reaches_the_generator_through_the_judges_light():
    networks = play()
    step = seen_with(networks, IntensityAugment(0.5, 1.0, 0.1))
    Adversarial()(step).backward()
    assert any(p.grad is not None and p.grad.abs().max() > 0 for p in networks.to_tumour.parameters())


def test_the_painter_sees_the_anatomy_in_its_light_and_every_comparison_is_with_the_anatomy_as_it_is():
    """A light that only adds 0.25: the generator gets anatomy + 0.25, in the fake and in the cycle."""
    networks = play()
    plain = step_of(networks)

    brighter = [DrawnIntensity(torch.ones(1), torch.tensor(0.25))] * 2
    step = Translations(networks, plain.anatomy, plain.tumour, plain.label, StepAugments(generator=brighter))
    for network in (networks.to_tumour, networks.to_anatomy):
        network.eval()
    features = networks.to_tumour.embed(plain.label)
    assert torch.equal(step.fake_tumour, networks.to_tumour(plain.anatomy + 0.25, features))
    assert torch.equal(step.fake_anatomy, plain.fake_anatomy)
    (_, anatomy), (forth, _) = step.cycles
    assert torch.equal(anatomy, plain.anatomy)
    assert torch.equal(forth, networks.to_tumour(step.fake_anatomy + 0.25, features))
    assert torch.equal(step.discriminator_inputs[1][0], plain.anatomy)


@pytest.mark.parametrize("name", ["brightness", "contrast", "noise"])
@pytest.mark.parametrize("value", [-0.1, float("nan")])
def test_a_light_out_of_range_is_refused(name, value):
    with pytest.raises(SettingError, match=f"{name}={value} of an intensity augmentation"):
        IntensityAugment(**{name: value})


ALL_TERMS = (Adversarial(), Cycle(), Segmentation(), Paired())


def test_all_terms_together_embed_the_label_once_and_translate_twice_per_generator():
    networks = play()
    step = step_of(networks)
    for _ in range(2):  # the discriminators' phase, too, finds what is there
        for term in ALL_TERMS:
            term(step)
        assert len(step.discriminator_inputs) == 2
    for generator in (networks.to_tumour, networks.to_anatomy):
        assert generator.calls == {"embed": 1, "forward": 2}  # the fake, and the way of the cycle


@pytest.mark.parametrize(
    ("terms", "there", "back"),
    [
        ([Segmentation()], 1, 0),
        ([Adversarial()], 1, 1),
        ([Paired()], 1, 1),
        ([Adversarial(), Paired(), Segmentation()], 1, 1),
        ([Cycle()], 2, 2),
    ],
    ids=["segmentation", "adversarial", "paired", "all three", "cycle"],
)
def test_nothing_is_computed_that_no_term_asks_for(terms, there, back):
    networks = play()
    step = step_of(networks)
    for term in terms:
        term(step)
    assert networks.to_tumour.calls["forward"] == there
    assert networks.to_anatomy.calls["forward"] == back
    assert networks.to_anatomy.calls["embed"] == min(back, 1)


def test_a_step_that_nobody_asks_computes_nothing():
    networks = play()
    step_of(networks)
    assert not networks.to_tumour.calls
    assert not networks.to_anatomy.calls


def test_a_method_without_a_cycle_translates_one_way_only():
    networks = play(cyclic=False, conditional=True)
    step = step_of(networks)
    Adversarial()(step), Paired()(step), Segmentation()(step)
    assert networks.to_tumour.calls == {"embed": 1, "forward": 1}
    assert len(step.pairs) == len(step.discriminator_inputs) == len(step.fake_logits) == 1
    with pytest.raises(SettingError, match="a cycle's image asked of a method without a cycle"):
        _ = step.cycles


def test_images_are_those_of_the_generators_asked_directly():
    networks = play()
    for network in (networks.to_tumour, networks.to_anatomy):
        network.eval()
    step = step_of(networks)
    there, back = networks.to_tumour, networks.to_anatomy
    tumour = there(step.anatomy, there.embed(step.label))
    anatomy = back(step.tumour, back.embed(step.label))
    expected = {
        "pairs": [(tumour, step.tumour), (anatomy, step.anatomy)],
        "cycles": [
            (back(tumour, back.embed(step.label)), step.anatomy),
            (there(anatomy, there.embed(step.label)), step.tumour),
        ],
    }
    for name, pairs in expected.items():
        for (made, real), (expected_made, expected_real) in zip(getattr(step, name), pairs, strict=True):
            torch.testing.assert_close(made, expected_made)
            assert real is expected_real


def test_a_plain_judge_sees_the_image_alone():
    step = step_of(play())
    (real, fake), (real_anatomy, fake_anatomy) = step.discriminator_inputs
    assert real is step.tumour
    assert fake is step.fake_tumour
    assert real_anatomy is step.anatomy
    assert fake_anatomy is step.fake_anatomy


def test_a_conditional_judge_sees_input_label_and_image_in_this_order():
    step = step_of(play(conditional=True))
    expected = [
        [(step.anatomy, step.label, step.tumour), (step.anatomy, step.label, step.fake_tumour)],
        [(step.tumour, step.label, step.anatomy), (step.tumour, step.label, step.fake_anatomy)],
    ]
    for shown, direction in zip(step.discriminator_inputs, expected, strict=True):
        for image, channels in zip(shown, direction, strict=True):
            assert torch.equal(image, torch.cat(channels, 1))
            assert image.shape[1] == 3


def test_verdicts_are_each_judges_scores_of_its_own_fake():
    networks = play()
    step = step_of(networks)
    torch.testing.assert_close(step.fake_logits[0], networks.discriminator_tumour(step.fake_tumour))
    torch.testing.assert_close(
        step.fake_logits[1], networks.backward.discriminator_anatomy(step.fake_anatomy)
    )


def test_a_segmentation_term_without_a_segmentor_is_refused():
    with pytest.raises(SettingError, match="segmentation term without a segmentor"):
        Segmentation()(step_of(play(segmentor=False)))


def filled_step(networks):
    """A step whose upper half was filled in."""
    plain = step_of(networks)
    mask = torch.zeros_like(plain.label)
    mask[..., :32, :] = 1
    nearest = torch.from_numpy(nearest_light(mask[0, 0].numpy() > 0).ravel())[None]
    fill = FillMask(mask, nearest, anatomy=-1.0, tumour=-0.75, usual_anatomy=0.5, usual_tumour=0.25)
    return Translations(networks, plain.anatomy, plain.tumour, plain.label, fill=fill)


def test_fill_is_laid_over_all_that_is_generated():
    step = filled_step(play())
    for image, level in ((step.fake_tumour, -0.75), (step.fake_anatomy, -1.0)):
        assert (image[..., :32, :] == level).all()
        assert (image[..., 32:, :] != level).any()
    back, forth = (generated for generated, _ in step.cycles)
    assert (back[..., :32, :] == -1.0).all()
    assert (forth[..., :32, :] == -0.75).all()


@pytest.mark.parametrize("term", [Paired(1), Structure(1), Cycle(1), Segmentation(1)])
def test_no_term_counts_fill(term):
    networks = play()
    step = filled_step(networks)
    other = filled_step(networks)
    other.tumour = other.tumour.clone()
    other.tumour[..., :32, :] = 0.9
    other.anatomy = other.anatomy.clone()
    other.label = other.label.clone()
    other.label[..., :16, :] = 1 - other.label[..., :16, :]
    other.__dict__["fake_tumour"], other.__dict__["fake_anatomy"] = step.fake_tumour, step.fake_anatomy
    dice = torch.Generator().manual_seed(5)
    step.__dict__["segmentation_logits"] = other.__dict__["segmentation_logits"] = torch.randn(
        step.label.shape, generator=dice
    )
    other.__dict__["cycles"] = [(step.cycles[0][0], other.anatomy), (step.cycles[1][0], other.tumour)]
    assert term(other).item() == pytest.approx(term(step).item())
    bare = Translations(networks, other.anatomy, other.tumour, other.label)
    bare.__dict__.update(
        {
            name: other.__dict__[name]
            for name in ("fake_tumour", "fake_anatomy", "cycles", "segmentation_logits")
        }
    )
    assert term(bare).item() != pytest.approx(term(step).item())


def test_generators_see_the_light_go_on_where_there_is_fill():
    networks = play()
    networks.to_tumour.eval()  # no batch and no power iteration changes what it paints
    step = filled_step(networks)
    mask = step.fill.mask[0, 0].numpy() > 0
    shown = torch.from_numpy(extend_light(step.anatomy[0, 0].numpy(), mask, 0.5))[None, None]
    assert torch.allclose(step.fill.hide(step.anatomy, "anatomy"), shown, atol=1e-6)
    assert not torch.allclose(step.anatomy, shown, atol=0.1)
    by_hand = networks.to_tumour(shown, networks.to_tumour.embed(step.label))
    assert torch.allclose(step.fake_tumour[..., 32:, :], by_hand[..., 32:, :], atol=1e-5)


def test_generators_see_usual_light_where_there_is_nothing_else():
    step = filled_step(play())
    mask = torch.ones_like(step.label)
    everywhere = replace(step.fill, mask=mask, nearest=torch.arange(mask.numel())[None])
    assert (everywhere.hide(step.anatomy, "anatomy") == 0.5).all()
    assert (everywhere.hide(step.tumour, "tumour") == 0.25).all()
