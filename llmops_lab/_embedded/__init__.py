"""What `Embeddings` are made of: the text of a trace, its vector, where vectors are kept."""
