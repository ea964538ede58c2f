"""Units, trees, permutations and words: the statistics under segments and drift."""
