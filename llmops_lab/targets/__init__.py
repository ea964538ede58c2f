"""What can be evaluated: one file each."""

from llmops_lab.targets._target import Target, targets

__all__ = ["Target", "targets"]
