"""What the pytest plugin collects: a gate's checks, a golden set's cases."""
