"""Policy, paired statistics and verdict: what a `Gate` is made of."""
