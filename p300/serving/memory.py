"""How the process keeps memory that large requests have used."""

import ctypes

# glibc's numbers for mallopt.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 64 * 1024**2
LARGEST_KEPT_BYTES = 32 * 1024**2


def keep_freed_memory() -> bool:
    """Keep up to :data:`KEPT_BYTES` of freed memory for the next request; False where the C library cannot.

    glibc gives the memory of a large body back to the system after each request, and the system clears
    the pages anew for the next one: half of the time of a request that brings a whole subject.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # another C library, which has ways of its own
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGEST_KEPT_BYTES) and mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES))
