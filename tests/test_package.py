"""What `import llmops_lab` promises."""

import subprocess
import sys

import pytest

import llmops_lab

HEAVY = ("scipy", "umap", "hdbscan", "sklearn", "datasets", "altair", "pandas", "numba", "IPython")


def test_importing_the_package_loads_nothing_heavy():
    code = f"import sys, llmops_lab; print([m for m in {HEAVY} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("name", llmops_lab.__all__)
def test_every_public_name_is_there(name):
    assert getattr(llmops_lab, name) is not None


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = llmops_lab.nothing


def test_dir_lists_the_public_names():
    assert set(llmops_lab.__all__) == set(dir(llmops_lab))
