"""Answers, results and their file: what an `EvalRun` is made of."""
