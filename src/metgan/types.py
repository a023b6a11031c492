"""The words for arrays: one alias per meaning, with axes and ranges.

Spatial axes stand last, in the order (Z,) Y, X. An alias cannot check itself; the readers
in ``metgan.images`` and ``metgan.data`` do, once, at the door.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Camera = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]
"""A channel as the microscope stored it, (Y, X), in its own units: ``tifffile.imread(path)``."""

Scaled = NDArray[np.float32]
"""A channel as the networks see it, (Y, X), float32 in [-1, 1]: ``normalisation.apply(camera)``."""

Mask = NDArray[np.bool_]
"""True where a tumour is, (Y, X): ``label > 0``."""

Channel = Literal["anatomy", "tumour"]
"""The two channels of a scan: autofluorescence, and the dye on the metastases."""

AnyArray = NDArray[Any]
"""Any array at all; only readers and checks take it."""
