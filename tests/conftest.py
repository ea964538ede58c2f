"""What every test may use."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real files beside the checkout; a test that needs it skips without it."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "shared" / "formats.md").exists():
            return folder / "shared"
    pytest.skip("the real files (../shared) are not here")
