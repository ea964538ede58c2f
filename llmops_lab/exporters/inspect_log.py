"""inspect_ai logs: `.eval` (a zip of JSON, deflate or zstd) and JSON."""

import io
import re
import struct
import zipfile
from collections.abc import Iterator
from typing import Any

import msgspec

from llmops_lab._cases.case import Case
from llmops_lab._runs.answer import Answer, Score
from llmops_lab.errors import FormatError
from llmops_lab.exporters._run_format import (
    Imported,
    RunFormat,
    imported_score,
    run_formats,
    text_of,
    told_apart,
)

Record = dict[str, Any]
_SAMPLE = re.compile(r"samples/.+\.json")
_ZSTD = 93  # APPNOTE 6.3.8 of the zip format
_LOCAL_HEADER = 30
_LARGEST = 1 << 30
_ATTACHED = "attachment://"
# inspect_ai's own reading of letters: correct, incorrect, partly, no answer.
_LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}


def _read(data: bytes) -> Iterator[Imported]:
    if not data.startswith(b"PK"):
        log = msgspec.json.decode(data, type=Record)
        yield from (_imported(log["eval"], sample) for sample in log.get("samples") or [])
        return
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        head = "header.json" if "header.json" in entries else "_journal/start.json"
        about = msgspec.json.decode(_entry(archive, data, entries[head]), type=Record)["eval"]
        samples = [entry for name, entry in entries.items() if _SAMPLE.fullmatch(name)]
        for entry in samples:
            yield _imported(about, msgspec.json.decode(_entry(archive, data, entry), type=Record))


def _entry(archive: zipfile.ZipFile, data: bytes, entry: zipfile.ZipInfo) -> bytes:
    """The bytes of one file; Python's zipfile learns zstd only with 3.14."""
    if entry.compress_type != _ZSTD:
        with archive.open(entry) as file:
            return _whole(file.read(_LARGEST + 1), entry)
    import zstandard

    lengths = data[entry.header_offset + _LOCAL_HEADER - 4 : entry.header_offset + _LOCAL_HEADER]
    start = entry.header_offset + _LOCAL_HEADER + sum(struct.unpack("<HH", lengths))
    packed = io.BytesIO(data[start : start + entry.compress_size])
    try:
        with zstandard.ZstdDecompressor().stream_reader(packed) as file:
            return _whole(file.read(_LARGEST + 1), entry)
    except zstandard.ZstdError as error:
        raise FormatError(f"{entry.filename} is damaged: {error}") from error


def _whole(content: bytes, entry: zipfile.ZipInfo) -> bytes:
    if len(content) > _LARGEST:
        raise FormatError(f"{entry.filename} is larger than 1 GB; this is no log of a sample")
    return content


def _imported(about: Record, sample: Record) -> Imported:
    attached = sample.get("attachments") or {}
    said = {k: _filled(sample.get(k), attached) for k in ("input", "target", "choices")}
    scores = sample.get("scores") or {}
    return Imported(
        target=about["model"],
        case=Case(
            _messages(said["input"]),
            said["target"] or None,
            id=str(sample["id"]),
            metadata=_metadata(sample, said["choices"]),
        ),
        answer=_answer(about, sample, attached),
        scores=told_apart([s for name, score in scores.items() for s in _scores(name, score)]),
        trial=int(sample.get("epoch") or 1) - 1,
        started_at=sample.get("started_at") or about.get("created"),
    )


def _metadata(sample: Record, choices: Any) -> Record:
    return {**(sample.get("metadata") or {}), **({"choices": choices} if choices else {})}


def _filled(value: Any, attached: Record) -> Any:
    """The value with long texts, which a log keeps apart, in their places."""
    if isinstance(value, str) and value.startswith(_ATTACHED):
        return attached.get(value.removeprefix(_ATTACHED), value)
    if isinstance(value, list):
        return [_filled(item, attached) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item, attached) for key, item in value.items()}
    return value


def _messages(said: Any) -> Any:
    if not isinstance(said, list):
        return said
    return [{"role": m["role"], "content": text_of(m["content"])} for m in said]


def _answer(about: Record, sample: Record, attached: Record) -> Answer:
    output = _filled(sample.get("output") or {}, attached)
    choice = next(iter(output.get("choices") or []), {})
    usage = output.get("usage") or {}
    given = [usage.get(n) for n in ("input_tokens", "input_tokens_cache_read")]
    return Answer(
        output=text_of((choice.get("message") or {}).get("content")),
        error=_error(sample, choice),
        finish_reason=choice.get("stop_reason"),
        duration_s=output.get("time") or sample.get("total_time"),
        input_tokens=None if given[0] is None else given[0] + (given[1] or 0),
        output_tokens=usage.get("output_tokens"),
        model=output.get("model") or about["model"],
        params=dict(about.get("model_generate_config") or {}),
    )


def _error(sample: Record, choice: Record) -> str | None:
    if error := sample.get("error"):
        return error.get("message") or "the sample failed"
    return None if choice else "no output"


def _scores(name: str, score: Record) -> Iterator[Score]:
    value, reason = score.get("value"), score.get("explanation")
    if isinstance(value, dict):
        for key, part in value.items():
            yield imported_score(f"{name}.{key}", _LETTERS.get(part, part), reason=reason)
        return
    if isinstance(value, str) and value in _LETTERS:
        passed = value == "C"
        yield imported_score(name, _LETTERS[value], passed=passed, reason=reason)
        return
    yield imported_score(name, value, reason=reason)


run_formats.register("inspect-ai")(
    RunFormat(
        _read,
        suffixes=(".eval", ".json"),
        marks=(b'"samples"', b'"eval"'),
        leaves="events, the conversation in between, reductions over epochs",
    )
)
