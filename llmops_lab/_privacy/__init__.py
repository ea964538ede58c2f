"""What masks are made of: finding personal data and secrets, and what stands in their place."""
