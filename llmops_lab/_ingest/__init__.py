"""What `read_traces` is made of: files read piece by piece, put together, and kept in a cache."""
