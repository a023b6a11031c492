"""What tifffile logs of a file becomes an error or a note of ours, also where a program has silenced it."""

from __future__ import annotations

import logging
import threading
from typing import ClassVar


class Listener(logging.Handler):
    """Keeps what the reader logs in this thread: what it calls an error, and what it calls a warning.

    While anybody listens, the reader's logger speaks, and to listeners alone: what it says belongs into our
    errors and notes, also where a program has silenced it.
    """

    _logger: ClassVar = logging.getLogger("tifffile")
    _door: ClassVar = threading.Lock()
    _listening: ClassVar = 0
    _before: ClassVar = (logging.NOTSET, True)

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.errors: list[str] = []
        self.warnings: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what was logged, as an error or a warning."""
        if record.thread != self._thread:
            return
        text = record.getMessage()
        # A tag of a microscope's own that is damaged says nothing about the pixels.
        is_error = record.levelno >= logging.ERROR and not text.startswith("<TiffTag")
        (self.errors if is_error else self.warnings).append(text)

    def __enter__(self) -> Listener:
        with self._door:
            if not Listener._listening:
                Listener._before = self._logger.level, self._logger.propagate
                if self._logger.getEffectiveLevel() > logging.WARNING:
                    self._logger.setLevel(logging.WARNING)  # forgets what all loggers know of levels: slow
                self._logger.propagate = False
            Listener._listening += 1
            self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        with self._door:
            self._logger.removeHandler(self)
            Listener._listening -= 1
            if not Listener._listening:
                level, self._logger.propagate = Listener._before
                if self._logger.level != level:
                    self._logger.setLevel(level)
