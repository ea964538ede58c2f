"""What every test may use."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# A noisy machine must not fail a property; `derandomize` draws the same examples everywhere.
settings.register_profile("llmops_lab", deadline=None, derandomize=True)
settings.load_profile("llmops_lab")

# Masks made in a test must not depend on a key in the home folder, nor make one there.
os.environ["LLMOPS_LAB_REDACTION_KEY"] = "key of the tests"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real files beside the checkout; a test that needs it skips without it."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "shared" / "formats.md").exists():
            return folder / "shared"
    pytest.skip("the real files (../shared) are not here")


@pytest.fixture(autouse=True)
def _vectors_in_a_folder_of_the_test(tmp_path_factory, monkeypatch):
    """Keep the vectors of tests out of the user's cache."""
    monkeypatch.setenv("LLMOPS_LAB_VECTORS", str(tmp_path_factory.getbasetemp() / "vectors"))


@pytest.fixture
def run_pytest(pytester, monkeypatch):
    """Run pytest in a process of its own, with our plugin and no other installed one."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *sys.path]))

    def run(*arguments):
        plugin = ("-p", "llmops_lab.pytest_plugin", "-p", "no:cacheprovider")
        return pytester.runpytest_subprocess(*plugin, "--strict-markers", *arguments)

    return run
