"""How much of a product's change each factor explains."""

from collections.abc import Sequence
from functools import reduce
from math import factorial

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def factor_effects(before: Sequence[Floats], after: Sequence[Floats]) -> list[Floats]:
    """Per factor its part of product(after) - product(before), elementwise; they add up to it.

    Each factor is changed in every order, and its effect is the mean over the orders, so no
    order is favoured: the Shapley value, for two factors the decomposition of Kitagawa (1955).
    """
    n = len(before)
    products = [
        reduce(np.multiply, [after[i] if chosen >> i & 1 else before[i] for i in range(n)])
        for chosen in range(2**n)
    ]
    weights = [factorial(s) * factorial(n - s - 1) / factorial(n) for s in range(n)]

    def effect(factor: int) -> Floats:
        others = (c for c in range(2**n) if not c >> factor & 1)
        changes = (
            weights[c.bit_count()] * (products[c | 1 << factor] - products[c]) for c in others
        )
        return reduce(np.add, changes)

    return [effect(factor) for factor in range(n)]
