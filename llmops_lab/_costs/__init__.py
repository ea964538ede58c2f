"""The parts of a change of cost."""
