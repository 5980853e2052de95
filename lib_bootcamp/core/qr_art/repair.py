"""What a failed try teaches the next: modules that a reader would get wrong are asked for more firmly."""

from __future__ import annotations

import numpy as np

from lib_bootcamp.core.images.arrays import Bits, Floats
from lib_bootcamp.core.scan.error_map import ErrorMap

# gray levels by which a module should lie on its right side: readers binarize with less care than the error map
LEAST_MARGIN = 20.0
_LOWEST_SHARE = 0.1
FACTOR, ALL, MOST = 1.8, 1.5, 4.0


def weak_modules(errors: ErrorMap, least_margin: float = LEAST_MARGIN) -> Bits:
    """The modules to mend: bool [N, N].

    Those that are wrong or nearly so; where a reader fails although none is, the tenth with the least margin.
    """
    weak = errors.wrong | (errors.margin < least_margin)
    if weak.any():
        return weak
    return np.asarray(errors.margin <= np.quantile(errors.margin, _LOWEST_SHARE))


def raised(weights: Floats, weak: Bits) -> Floats:
    """The weights of the next try, float32 [N, N]: higher where a module was weak, up to four times the margin.

    All others are raised a little: a reader may also fail at what lies between modules that are right.
    """
    return np.asarray(np.minimum(weights * np.where(weak, FACTOR, ALL), MOST), dtype=np.float32)
