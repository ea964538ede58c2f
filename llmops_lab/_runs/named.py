"""Objects that people name in a terminal or a file of settings."""

import importlib
import sys
from pathlib import Path
from typing import Any

from llmops_lab.errors import LabError


def named_object(name: str, *, folder: Path | None = None) -> Any:
    """What `package.module:name` names, also in `folder` (the current one unless given).

    Raises LabError when it is not there.
    """
    module, _, inside = name.partition(":")
    # Where Python looks for an installed command's modules the current folder is not.
    place = str((folder or Path.cwd()).resolve())
    if place not in sys.path and (folder is not None or "" not in sys.path):
        sys.path.insert(0, place)
    try:
        return getattr(importlib.import_module(module), inside)
    except (ImportError, AttributeError, ValueError) as error:
        raise LabError(
            f"no {name!r}: {error}; write package.module:function, importable from here"
        ) from error
