"""What chat and embedding endpoints share: a client, its limits, its prices."""
