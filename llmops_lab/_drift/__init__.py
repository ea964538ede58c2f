"""From two windows to findings: what a `DriftReport` is made of."""
