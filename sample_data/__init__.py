"""Sample data: three weeks of a shop's support assistant, told by a seeded generator."""
