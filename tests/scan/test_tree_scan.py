"""The nodes of many rows, where micro-clusters are the leaves."""

import numpy as np

from llmops_lab._scan.tree_scan import candidate_nodes


def test_a_tight_group_among_many_rows_is_a_node_whatever_their_order():
    rng = np.random.default_rng(0)
    n = 5000
    tight = np.arange(n) < 100
    axes = rng.normal(size=(n, 8)).astype(np.float32)
    axes[tight] = 6 + 0.3 * axes[tight]
    for order in (np.arange(n), rng.permutation(n)):
        nodes = candidate_nodes(axes[order])
        assert nodes.members.shape[1] < n
        assert any((nodes.rows(i) == tight[order]).all() for i in range(len(nodes)))
