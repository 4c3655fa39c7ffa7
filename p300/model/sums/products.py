"""Large matrix products, all by SciPy's BLAS.

NumPy brings a BLAS of its own. The idle threads of either keep spinning for a moment (26 ms in
OpenBLAS) and hold the cores that the other one needs: a Cholesky factor of 1,120 features takes
8 ms by itself and 33 ms in between products of NumPy's. So the heavy products of a fit use one.
"""

from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsyrk, get_blas_funcs

from p300.domain import Float64s

_MIRRORED_BLOCK = 128
# Rows of a large matrix that stay in the processor's cache while several things are done to them.
_CACHED_ROWS = 64

Real = TypeVar("Real", np.float32, np.float64)


def gram(X: Float64s) -> Float64s:
    """``X.T @ X`` of an array of shape (n, d), at half the price: shape (d, d)."""
    return mirrored(dsyrk(1.0, X.T))  # X.T is what BLAS calls X, so nothing is copied


def add_gram(half: NDArray[Real], X: NDArray[Real], *, factor: float = 1.0) -> NDArray[Real]:
    """Add ``factor * X.T @ X`` to the upper triangle of a matrix in Fortran order, in its own memory."""
    (syrk,) = get_blas_funcs(("syrk",), (half, X))
    return np.asarray(syrk(factor, X.T, beta=1.0, c=half, overwrite_c=True))


def add_product(whole: NDArray[Real], X: NDArray[Real], Y: NDArray[Real]) -> NDArray[Real]:
    """Add ``X.T @ Y`` to a matrix in Fortran order, in its own memory."""
    (gemm,) = get_blas_funcs(("gemm",), (whole, X, Y))
    return np.asarray(gemm(1.0, X.T, Y.T, trans_b=True, beta=1.0, c=whole, overwrite_c=True))


def mirrored(half: NDArray[Real]) -> NDArray[Real]:
    """A symmetric matrix from its upper triangle in Fortran order, in its own memory."""
    for start in range(0, len(half), _MIRRORED_BLOCK):
        rows = slice(start, start + _MIRRORED_BLOCK)
        half[rows, :start] = half[:start, rows].T
        corner = half[rows, rows]
        corner[:] = np.triu(corner) + np.triu(corner, 1).T
    return np.asarray(half.T)


def row_blocks(size: int) -> Iterator[slice]:
    """The rows of a large matrix a few at a time, so that each crosses the memory once."""
    return (slice(start, start + _CACHED_ROWS) for start in range(0, size, _CACHED_ROWS))


def multiply(A: NDArray[Any], B: NDArray[Any]) -> NDArray[Any]:
    """``A @ B`` of arrays of shapes (n, d) and (d, k), in the wider of their types."""
    (gemm,) = get_blas_funcs(("gemm",), (A, B))
    # A matrix in rows is its own transpose in columns, which is what BLAS wants: (B' A')' = A B.
    return np.asarray(gemm(1.0, B.T, A.T).T)
