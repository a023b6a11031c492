"""A pair set: the folder from which everything is trained and into which pairs are generated.

``anatomy/``, ``tumour/`` and ``label/`` hold same-named single-channel images. A pair may have no label: it
is an unlabelled pair. ``ignore/`` may hold masks of the pixels of which a label says nothing, and a table
``pairs.csv`` may say more (``name, group, organ, split``, and the provenance of generated pairs).
Names and groups are compared in one form (`metgan.io.normal_form`), and those that differ only in case or
blanks are refused: a group that is written in two ways would be both trained on and tested on.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from metgan.errors import StorageError, UnknownNameError
from metgan.images import is_image, write_image
from metgan.io import check_name, has_file, has_folder, normal_form, refuse_lookalikes
from metgan.types import Camera, Mask

from .entry import CHANNELS, IGNORE, Entry
from .sample import Pair, read_pair
from .table import KNOWN, TABLE, listing, read_table, table_rows


@dataclass(frozen=True)
class PairSet:
    """The rows of a pair set, in the order of their names; images are read when asked for.

    ``entries`` are the labelled pairs, which the set's length counts; ``unlabelled`` are those without.

    Examples
    --------
    >>> pairs = PairSet.open(Path("pairs"))  # doctest: +SKIP
    >>> pairs.read("mouse-01_0003").tumour.dtype  # doctest: +SKIP
    dtype('uint16')
    """

    root: Path
    entries: tuple[Entry, ...]
    unlabelled: tuple[Entry, ...] = ()

    @classmethod
    def open(cls, root: Path | str) -> PairSet:
        """Open a folder and check its names against each other and against ``pairs.csv``.

        Raises
        ------
        StorageError
            When a folder is missing or empty, ``pairs.csv`` is there and cannot be read, or names do not
            match; the message lists them.
        SettingError
            When names, or groups, differ only in case, blanks or zeros.
        """
        root = Path(root)
        names, files = _named(root)
        rows = {row["name"]: row for row in read_table(root)}
        _check_groups(root, names, {name: _group(name, row) for name, row in rows.items()})
        entries = [
            _entry(
                name, rows.pop(name, {}), {k: root / k / of[name] for k, of in files.items() if name in of}
            )
            for name in names
        ]
        labelled = tuple(entry for entry in entries if entry.is_labelled)
        return cls(root, labelled, tuple(entry for entry in entries if not entry.is_labelled))

    @staticmethod
    def check(root: Path) -> None:
        """Raise what `open` would; a large set that is not kept takes less memory so."""
        names = _named(root)[0]
        rows = table_rows(root)
        _check_groups(root, names, {sys.intern(row["name"]): _group(row["name"], row) for row in rows})

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def select(self, names: Iterable[str]) -> PairSet:
        """Return the pair set of these labelled pairs alone, in this set's order."""
        wanted = set(names)
        unknown = wanted - {entry.name for entry in self.entries}
        if unknown:
            raise UnknownNameError(
                f"{self.root} has no pair {listing(sorted(unknown))} with a label",
                "names of its labelled pairs",
                "Give the pair set that the split was made for, or train again on this one",
            )
        return PairSet(self.root, tuple(entry for entry in self.entries if entry.name in wanted))

    @property
    def labelled(self) -> PairSet:
        """Return this set, where it has labelled pairs.

        Raises
        ------
        StorageError
            Where it has none.
        """
        if not self.entries:
            raise StorageError(
                f"{self.root} has {len(self.unlabelled)} pairs, and none with a label",
                "labelled pairs, to learn or to test with",
                "Add label/ with same-named images; unlabelled pairs go beside labelled ones: --unlabelled",
            )
        return self

    def read(self, name: str) -> Pair:
        """Read and check one pair by name, labelled or not."""
        bare = [entry for entry in self.unlabelled if entry.name == name]
        return read_pair(*(bare or self.select([name]).entries))


def open_images(root: Path | str, channel: str) -> tuple[Entry, ...]:
    """Open the images of one channel: of a pair set, or of a plain folder of images.

    Where there is no ``anatomy/`` beside the tumours, as in tissue that was never annotated, the images
    may lie in the folder itself.
    """
    root = Path(root)
    is_pair_set = not has_folder(root) or has_folder(root / channel)
    is_plain = not is_pair_set and any(is_image(path) for path in root.iterdir())
    files = _listed(root) if is_plain else _images(root, channel)
    folder = root if is_plain else root / channel
    rows = {row["name"]: row for row in read_table(root)}
    refuse_lookalikes(files, "names", str(root))
    refuse_lookalikes((_group(name, rows.get(name, {})) for name in files), "groups", str(root))
    return tuple(_entry(name, rows.get(name, {}), {channel: folder / files[name]}) for name in sorted(files))


def write_pair(
    root: Path, name: str, anatomy: Camera, tumour: Camera, label: Mask | None, ignored: Mask | None = None
) -> None:
    """Write one pair's TIFFs; label and ignored pixels are 0 and 255, so that any viewer shows them.

    An unlabelled pair has no label. The pixels of which a label says nothing get a file where there are any.

    Raises
    ------
    SettingError
        When the name would be hidden, lead elsewhere or be too long for a file's.
    """
    name = check_name(name, "pair", "Choose another name")
    for channel, image in (("anatomy", anatomy), ("tumour", tumour)):
        write_image(root / channel / f"{name}.tif", image)
    for kind, mask in (("label", label), (IGNORE, ignored)):
        if mask is not None and (kind == "label" or mask.any()):
            write_image(root / kind / f"{name}.tif", mask.astype("uint8") * 255)


def image_names(root: Path) -> set[str]:
    """Return the names of all images in the channels' folders of `root`, whether they make a set or not."""
    folders = [root / channel for channel in CHANNELS if has_folder(root / channel)]
    return {normal_form(path.stem) for folder in folders for path in folder.iterdir() if is_image(path)}


def _named(root: Path) -> tuple[list[str], dict[str, dict[str, str]]]:
    """Return the names of the pairs, in order, and of each kind of image the files by their names."""
    files = {channel: _images(root, channel) for channel in ("anatomy", "tumour")}
    files |= {kind: _images(root, kind) for kind in ("label", IGNORE) if has_folder(root / kind)}
    names = sorted(set().union(*files.values()))
    lacking = [
        f"{kind}/{name}"
        for name in names
        for kind in ("anatomy", "tumour", *(["label"] if name in files.get(IGNORE, ()) else []))
        if name not in files.get(kind, ())
    ]
    if lacking:
        raise StorageError(
            f"{root} has unmatched names; missing: {listing(lacking)}",
            "the same names in anatomy/ and tumour/; label/ holds some of these, ignore/ some of label's",
            "Add the missing images or remove their partners",
        )
    return names, files


def _images(root: Path, channel: str) -> dict[str, str]:
    folder = root / channel
    if not has_folder(folder):
        raise StorageError(
            f"{root} has no folder {channel}/" if root.is_dir() else f"there is no folder {root}",
            "a pair set: anatomy/, tumour/ and label/ with same-named images",
            "Make one with metgan prepare, or metgan phantom to try",
        )
    return _listed(folder)


def _listed(folder: Path) -> dict[str, str]:
    images: dict[str, str] = {}
    for file in sorted(path.name for path in folder.iterdir() if is_image(path)):
        name = sys.intern(check_name(Path(file).stem, "file", f"Rename it in {folder}"))
        if images.setdefault(name, sys.intern(file)) != file:  # the same in all folders, kept once
            raise StorageError(
                f"{folder} holds {images[name]!a} and {file!a}",
                "one image per name",
                "Remove one of them",
            )
    if not images:
        raise StorageError(f"{folder} holds no image", "TIFF or PNG files", "Add the images")
    return images


def _check_groups(root: Path, names: Sequence[str], groups: Mapping[str, str]) -> None:
    """Refuse a table, whose groups by name these are, that disagrees with the images; and lookalikes."""
    if has_file(root / TABLE) and (astray := sorted(groups.keys() ^ names)):
        raise StorageError(
            f"{root / TABLE} and the images disagree about {listing(astray)}",
            "one row per image name",
            "Run the command that made the set again, or correct the table",
        )
    refuse_lookalikes(names, "names", str(root))
    refuse_lookalikes(groups.values(), "groups", str(root))


def _group(name: str, row: Mapping[str, str]) -> str:
    return row.get("group") or name


def _entry(name: str, row: Mapping[str, str], paths: Mapping[str, Path]) -> Entry:
    provenance = {key: value for key, value in row.items() if key not in KNOWN}
    return Entry(name, _group(name, row), row.get("organ", ""), row.get("split", ""), paths, provenance)
