"""What a flash was."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int8]


class Label(IntEnum):
    """What a flash was: the code in ``stim``, in ``label`` and in the model's classes."""

    NonTarget = 1
    Target = 2
