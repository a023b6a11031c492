"""One row of a pair set: what is known of a pair without its images."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

CHANNELS = ("anatomy", "tumour", "label")
IGNORE = "ignore"
"""Folder of the masks of pixels of which a label says nothing; a set need not have it."""
_SEPARATOR = ";"


@dataclass(frozen=True)
class Entry:
    """One row of a pair set: where a pair's files are, and what is known about it.

    ``split`` is "train", "val", "test" or empty; ``group`` is what must not be divided between them
    (an animal, a block of tissue); ``provenance`` holds the further columns of ``pairs.csv``.
    """

    name: str
    group: str
    organ: str
    split: str
    paths: Mapping[str, Path]
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_labelled(self) -> bool:
        """Whether there is a label: an unlabelled pair has its two channels alone.

        Examples
        --------
        >>> Entry("a", "mouse", "", "", {"anatomy": Path("a.tif"), "tumour": Path("b.tif")}).is_labelled
        False
        """
        return "label" in self.paths

    @property
    def is_partly_labelled(self) -> bool:
        """Whether there are pixels of which its label says nothing."""
        return IGNORE in self.paths

    @property
    def is_generated(self) -> bool:
        """Whether a model generated this pair, by the provenance in its table.

        Examples
        --------
        >>> Entry("a", "mouse", "lung", "", {}, {"model": "1f6c"}).is_generated
        True
        """
        return bool(self.provenance.get("model"))

    @property
    def made_of(self) -> frozenset[str]:
        """Names of the pairs that this one was made of: every guard against leakage relies on this.

        Examples
        --------
        >>> made = Entry("a", "mouse", "", "", {}, {"anatomy_source": "b", "label_sources": "c;d"})
        >>> sorted(made.made_of)
        ['b', 'c', 'd']
        """
        single = {self.provenance.get(column, "") for column in ("anatomy_source", "background_source")}
        return frozenset(single | {*split_names(self.provenance.get("label_sources", ""))}) - {""}

    @property
    def made_of_groups(self) -> frozenset[str]:
        """Groups of those pairs, as far as the provenance tells them, and its own.

        Examples
        --------
        >>> told = {"label_groups": "mouse 2", "background_group": "mouse 3"}
        >>> made = Entry("a", "mouse 1", "", "", {}, told)
        >>> sorted(made.made_of_groups)
        ['mouse 1', 'mouse 2', 'mouse 3']
        """
        told = {
            self.provenance.get("background_group", ""),
            *split_names(self.provenance.get("label_groups", "")),
        }
        return frozenset(told - {""} | {self.group})


def join_names(names: Iterable[str]) -> str:
    """Write the names of several pairs as one cell of ``pairs.csv``; no name gives an empty text.

    A group or a file may have any name, so a semicolon within one is written ``%3B``, as in a URL.

    Examples
    --------
    >>> join_names(["mouse 1", "a;b"])
    'mouse 1;a%3Bb'
    """
    return _SEPARATOR.join(name.replace("%", "%25").replace(_SEPARATOR, "%3B") for name in names)


def split_names(text: str) -> list[str]:
    """Return the names that `join_names` wrote.

    Examples
    --------
    >>> split_names("mouse 1;a%3Bb"), split_names("")
    (['mouse 1', 'a;b'], [])
    """
    parts = text.split(_SEPARATOR) if text else []
    return [part.replace("%3B", _SEPARATOR).replace("%25", "%") for part in parts]


def without_label(entry: Entry) -> Entry:
    """Return a pair as if it had never been annotated.

    Examples
    --------
    >>> without_label(Entry("a", "mouse", "", "", {"label": Path("a.tif")})).paths
    {}
    """
    return replace(entry, paths={k: path for k, path in entry.paths.items() if k not in ("label", IGNORE)})


def fingerprint_of(*lists: Iterable[Entry]) -> str:
    """Return the CRC-32 of the names, groups and files of several lists of images, as 8 hexadecimal digits.

    It names what something was made from: an image that has changed since is another one.
    """
    total = 0
    for entries in lists:
        for entry in entries:
            total = zlib.crc32(f"{entry.name}\t{entry.group}\n".encode(), total)
            for channel in sorted(entry.paths):
                total = zlib.crc32(entry.paths[channel].read_bytes(), total)
        total = zlib.crc32(b"end of list", total)
    return f"{total:08x}"
