"""Names of pairs, animals and scans in one form, so that two that look alike are one or are asked about.

A Mac stores ``ä`` as ``a`` and two dots, other systems as one letter; tables from a spreadsheet have
blanks at the end of a cell. Both are one name here. Names that differ by case or by blanks inside them may
be slips or may not, and who guesses wrongly tests on what was trained on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from metgan.errors import SettingError

_LONGEST = 200  # bytes; file systems take 255, and the place of the crop and the suffix are added


def normal_form(name: str) -> str:
    """Return a name in the form that is compared: composed (NFC), without blanks around it.

    Examples
    --------
    >>> [len(normal_form(name)) for name in (" Mäuse ", unicodedata.normalize("NFD", "Mäuse"))]
    [5, 5]
    """
    return unicodedata.normalize("NFC", name).strip()


def comparison_key(name: str) -> str:
    """Return what names share that look alike: no case, and blanks between two digits alone.

    Numbers are compared as such, also inside a name: spreadsheets write 01 as 1, and some programs 1 as 1.0.

    Examples
    --------
    >>> comparison_key("Mouse 1") == comparison_key("mouse1")
    True
    >>> comparison_key("1 11") == comparison_key("11 1")
    False
    >>> comparison_key("01") == comparison_key("1.0"), comparison_key("M01 left") == comparison_key("m1 left")
    (True, True)
    >>> comparison_key("level 1.05") == comparison_key("level 1.5")
    False
    """
    seen = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf")
    key = re.sub(r"(?<!\d)\s+|\s+(?!\d)", "", seen.casefold().strip())
    key = re.sub(r"(?<!\d)(?<!\d[.,])0+(?=\d)", "", key)  # not those behind a decimal point
    return re.sub(r"^(\d+)\.0+$", r"\1", key)


def refuse_lookalikes(names: Iterable[str], kind: str, where: str) -> None:
    """Ask about names, in normal form, that differ only in case, blanks, zeros or what cannot be seen.

    `kind` is what they name, in the plural, and `where` is where they stand, for the message.

    Raises
    ------
    SettingError
        Naming the first two.

    Examples
    --------
    >>> refuse_lookalikes(["mouse 1", "mouse 2", "mouse 1"], "groups", "pairs.csv")
    >>> try:
    ...     refuse_lookalikes(["mouse 1", "Mouse1"], "groups", "pairs.csv")
    ... except SettingError as error:
    ...     print(error.given)
    pairs.csv has the groups 'Mouse1' and 'mouse 1', which differ only in case, blanks or zeros
    """
    known: dict[str, str] = {}
    for name in sorted(set(names)):
        if (other := known.setdefault(comparison_key(name), name)) != name:
            raise SettingError(
                f"{where} has the {kind} {other!r} and {name!r}, which differ only in case, blanks or zeros",
                "one spelling of each",
                "Write them alike if they are one, otherwise rename one of them",
            )


def check_name(name: str, kind: str, remedy: str) -> str:
    """Return the normal form of a name that file names can begin with.

    Raises
    ------
    SettingError
        When it is empty, leads elsewhere, would be hidden (a leading dot: no verb would find the file), is
        too long, or is no text that can be written.
    """
    named = normal_form(name)
    unwritten = any(unicodedata.category(c) in {"Cc", "Cs"} for c in named)  # controls, and bytes of no text
    length = len(named.encode(errors="replace"))
    if not 0 < length <= _LONGEST or unwritten or named.startswith(".") or set(named) & set("/\\"):
        raise SettingError(
            f"a {kind} called {name!r}",
            f"a name that file names can begin with: 1 to {_LONGEST} bytes of text, without / and \\ "
            "and not beginning with a dot, which hides files",
            remedy,
        )
    return named
