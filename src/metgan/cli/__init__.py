"""The command line: ``metgan VERB``. Thin: parse, call a lower floor, show."""

from .app import main

__all__ = ["main"]
