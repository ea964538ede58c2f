"""Cases without personal data and secrets."""

from collections.abc import Iterable
from dataclasses import replace

from llmops_lab._cases.case import Case, as_text
from llmops_lab._privacy.masker import Masker

_TOLD = ("input", "expected", "rubric", "context", "tags", "cluster", "metadata")


def masked_case(case: Case, masker: Masker) -> Case:
    """The case with masks in all it tells; its id and where it came from stay.

    The content hash is that of the masked content: the same trace, masked again under the same
    key, gives the same case.
    """
    values = {name: getattr(case, name) for name in _TOLD}
    masked = {name: masker.value(value) for name, value in values.items()}
    changed = {name: value for name, value in masked.items() if value != values[name]}
    return replace(case, **changed) if changed else case


def texts_of(cases: Iterable[Case]) -> Iterable[str]:
    """All that the cases tell, as texts."""
    for case in cases:
        for name in _TOLD:
            yield as_text(getattr(case, name))
