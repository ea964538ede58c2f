"""A case and its frame: what a `GoldenSet` is made of."""
