"""The story in the shapes in which tools export it: one module each."""
