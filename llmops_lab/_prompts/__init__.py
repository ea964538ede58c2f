"""Text, front matter, versions and their differences: what a `Prompt` is made of."""
