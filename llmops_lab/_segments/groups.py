"""Segments that are alike, in groups: Ward's tree over their centres."""

from math import sqrt

import numpy as np

from llmops_lab._scan.landmarks import Ints, Matrix

_FEWEST = 8


def usual_number(n_segments: int) -> int:
    """Into how many groups so many segments fall: about the square root; none below eight."""
    return round(sqrt(n_segments)) if n_segments >= _FEWEST else n_segments


def grouped(centres: Matrix, n_groups: int) -> Ints:
    """The group (k,) of each of k segments, from 0, in the order of their first segment.

    Source: Ward 1963, on unit vectors, where squared distance is twice the cosine distance.
    """
    n_groups = max(1, min(n_groups, len(centres)))
    if len(centres) < 2:
        return np.zeros(len(centres), dtype=np.int64)
    from scipy.cluster.hierarchy import fcluster, linkage

    found = fcluster(linkage(centres, "ward"), n_groups, "maxclust")
    _, first, place = np.unique(found, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[place].astype(np.int64)
