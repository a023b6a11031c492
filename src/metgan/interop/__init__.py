"""Other programs' formats."""

from .released import Part, ReleasedFiles, read_released, write_released

__all__ = ["Part", "ReleasedFiles", "read_released", "write_released"]
