"""Parts found in their folder: adding one is adding one file."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from llmops_lab.errors import LabError, UnknownPartError

Part = TypeVar("Part")


class Registry(Mapping[str, Part], Generic[Part]):
    """Parts of one kind by name; the package's modules are imported on first look.

    A module of the package whose name starts with `_` is shared machinery, not a part.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self._package = package
        self._parts: dict[str, Part] = {}
        self._loaded = False

    def register(self, name: str) -> Callable[[Part], Part]:
        """Return a decorator that files its argument under `name`."""

        def add(part: Part) -> Part:
            if name in self._parts:
                raise LabError(f"two {self.kind}s are called {name!r}; rename one")
            self._parts[name] = part
            return part

        return add

    def _load(self) -> dict[str, Part]:
        if not self._loaded:
            package = importlib.import_module(self._package)
            for module in pkgutil.iter_modules(package.__path__):
                if not module.name.startswith("_"):
                    importlib.import_module(f"{self._package}.{module.name}")
            self._loaded = True
        return self._parts

    def __getitem__(self, name: str) -> Part:
        parts = self._load()
        if name not in parts:
            raise UnknownPartError(self.kind, name, parts)
        return parts[name]

    def __contains__(self, name: object) -> bool:
        return name in self._load()

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._load()))

    def __len__(self) -> int:
        return len(self._load())
