"""docs/paper.md has the numbers of the released networks, and docstrings cite headings that it has."""

from __future__ import annotations

import re
from pathlib import Path

import torch

from metgan.networks import PRESETS, MetGen, PatchGAN, Segmentor
from metgan.networks.presets import DiscriminatorSpec

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "paper.md").read_text()
WRITTEN = {"table.md", "tables.md"}
"""Pages that metgan and its benchmarks write."""
CITED = re.compile(r"docs/paper\.md, \"([A-Z][^\"]+)\"")


def size(*networks: torch.nn.Module) -> int:
    return sum(weight.numel() for network in networks for weight in network.parameters())


def counts(text: str) -> list[int]:
    return [int(number.replace(",", "")) for number in re.findall(r"\b\d{1,3}(?:,\d{3})+\b", text)]


def test_the_page_has_the_parameters_of_the_released_networks():
    released = PRESETS["released"]
    generator, segmentor = MetGen(released.metgen), Segmentor(released.segmentor)
    discriminators = [PatchGAN(DiscriminatorSpec(channels=channels)) for channels in (1, 3)]
    unet, label = generator.image_pathway, generator.label_pathway
    assert counts(PAGE) == [
        *map(size, unet.down),
        size(unet.centre),
        *map(size, reversed(unet.up)),
        size(unet),
        size(segmentor),
        size(label.entrance),
        *map(size, label.blocks[:-1]),
        size(label.blocks[-1], label.discarded),
        size(label),
        size(generator),
        *map(size, discriminators),
    ]


def unknown_headings(text: str) -> list[str]:
    """Return the headings of docs/paper.md that a source cites and that are not there."""
    joined = re.sub(r"\s*\n\s*#?\s*", " ", text)
    return [cited for cited in CITED.findall(joined) if f"\n## {cited}\n" not in PAGE]


def test_what_sources_cite_of_the_page_is_there():
    texts = [file.read_text() for top in ("src", "tests") for file in (ROOT / top).rglob("*.py")]
    assert sum(len(CITED.findall(text)) for text in texts) > 5
    assert [cited for text in texts for cited in unknown_headings(text)] == []


def cited_pages(text: str) -> set[str]:
    """Return the Markdown files that a source names, but for those that it writes."""
    return set(re.findall(r"[\w./-]+\.md\b", text)) - WRITTEN


def test_every_page_that_a_source_cites_is_one_of_the_repository():
    texts = {file: file.read_text() for top in ("src", "examples") for file in (ROOT / top).rglob("*.py")}
    gone = [
        f"{file.relative_to(ROOT)}: {page}"
        for file, text in texts.items()
        for page in cited_pages(text)
        if not (ROOT / page).is_file()
    ]
    assert gone == []
    assert cited_pages("see reference.md, section 2, and tables.md") == {"reference.md"}


def test_a_heading_that_is_not_there_is_noticed():
    cite = "see docs/paper.md, "
    assert unknown_headings(f'{cite}"The released\nnetworks"') == []
    assert unknown_headings(f'{cite}"Section 4"') == ["Section 4"]
