"""Sources elsewhere: object stores and the web through fsspec, data sets of the Hugging Face hub."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from llmops_lab.errors import FormatError, MissingExtraError

_HUB = "hf://datasets/"
_SCHEMES = {
    "s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "http": "aiohttp", "https": "aiohttp",
    "abfs": "adlfs", "az": "adlfs",
}  # fmt: skip


def is_remote(path: str) -> bool:
    """Whether the text is an address that fsspec opens (`s3://…`), not a path of this machine."""
    scheme, found, _ = path.partition("://")
    return bool(found) and scheme.isalnum() and scheme != "file" and not path.startswith(_HUB)


def local_path(path: str) -> str:
    """The path of a `file://` address, whose spaces are written `%20`; any other path unchanged."""
    if not path.startswith("file://"):
        return path
    return url2pathname(urlsplit(path).path)


def is_hub(path: str) -> bool:
    """Whether the text names a data set of the hub: `hf://datasets/owner/name`."""
    return path.startswith(_HUB)


def remote_files(address: str, wanted: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Address and bytes of every file there: one file, a glob, or a folder's data files.

    Raises MissingExtraError without the scheme's package and FormatError when nothing is there.
    """
    import fsspec

    scheme = address.partition("://")[0]
    try:
        system, path = fsspec.core.url_to_fs(address)
    except (ImportError, ValueError):
        package = _SCHEMES.get(scheme, f"an fsspec driver for {scheme}")
        raise MissingExtraError(f"reading {scheme}:// ({package})", "remote") from None
    try:
        for name in _names(system, path, scheme, wanted):
            yield f"{scheme}://{name.removeprefix(f'{scheme}://')}", system.cat_file(name)
    except OSError as error:
        raise FormatError(f"cannot read {_without_secrets(address)}: {_reason(error)}") from None


def _names(system: Any, path: str, scheme: str, wanted: tuple[str, ...]) -> list[str]:
    if "*" in path:
        return sorted(system.glob(path)) or _none(path)
    if scheme.startswith("http") or system.isfile(path):
        return [path]
    if system.isdir(path):
        found = [n for n in sorted(system.find(path)) if _stem(n).endswith(wanted)]
        return found or _none(path)
    return _none(path)


def _stem(name: str) -> str:
    """The name without what says how it is packed."""
    for suffix in (".gz", ".zst", ".zstd"):
        name = name.removesuffix(suffix)
    return name.lower()


def _none(path: str) -> list[str]:
    raise FileNotFoundError(f"nothing at {path!r}")


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def _without_secrets(address: str) -> str:
    """A signed address keeps its secret in the query."""
    return address.partition("?")[0]


def hub_rows(address: str) -> Iterator[dict[str, Any]]:
    """The rows of a data set of the hub, streamed; `@split` chooses the split (train)."""
    from datasets import load_dataset

    name, _, split = address.removeprefix(_HUB).partition("@")
    yield from load_dataset(name, split=split or "train", streaming=True)
