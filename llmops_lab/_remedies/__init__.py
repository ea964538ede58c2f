"""What remedies are made of: the traces of a segment, a diverse choice, held-out cases."""
