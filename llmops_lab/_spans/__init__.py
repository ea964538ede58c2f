"""The canonical schema, the span tree and the row per trace: what `Traces` is made of."""
