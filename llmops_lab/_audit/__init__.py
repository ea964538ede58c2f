"""Sections and pages: what a `Dossier` is made of."""
