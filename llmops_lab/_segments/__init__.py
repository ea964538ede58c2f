"""What `Segments` are made of."""
