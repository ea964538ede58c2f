"""The shop's repository, as the library reads it."""

from llmops_lab import Prompt, history
from sample_data.repository import PROMPT, make_repository


def test_each_version_of_the_prompt_is_a_tagged_commit(tmp_path):
    shop = make_repository(tmp_path / "shop")
    prompt = Prompt.load(shop / PROMPT)
    assert not prompt.dirty
    versions = history(prompt).frame
    assert versions["version"].to_list() == ["3", "2", "1"]
    assert versions["tags"].to_list() == [["v3"], ["v2"], ["v1"]]
    assert versions["author"].to_list() == ["Jonas Wirth", "Ines Arvelo", "Ines Arvelo"]


def test_the_repository_is_the_same_whenever_it_is_made(tmp_path):
    made = [Prompt.load(make_repository(tmp_path / name) / PROMPT) for name in ("a", "b")]
    assert made[0].git_sha == made[1].git_sha
