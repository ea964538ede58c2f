"""Approvals signed with real SSH keys, made by `ssh-keygen` and read by Git as well."""

import shutil
import subprocess

import pytest

from llmops_lab import Gate, LabError, approve
from llmops_lab.errors import FormatError
from tests._gated import check, golden_of, run_of
from tests._repository import GitFolder

MAREN = "maren@example.com"
pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="no OpenSSH here")
GATE = Gate(minimum=0.5, approvers=[MAREN], allowed_signers="allowed_signers")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Public keys of two people; the private ones lie beside them."""
    folder = tmp_path_factory.mktemp("keys")
    for who in ("maren", "eve"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", folder / who]
        subprocess.run(command, check=True)
    return {who: folder / f"{who}.pub" for who in ("maren", "eve")}


@pytest.fixture
def folder(tmp_path, keys, monkeypatch):
    """Ana's commit, to be approved; the keys of Maren and of Eve, who is no approver, are known."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "desk").mkdir()
    repository = GitFolder(tmp_path / "desk")
    lines = (f"{who}@example.com {key.read_text()}" for who, key in keys.items())
    repository.write("allowed_signers", "".join(lines))
    repository.commit("Begin")
    return repository


@pytest.fixture
def judge(folder):
    run = run_of([], golden_of(60))
    return lambda: GATE.check(run, repository=folder.path)


def sign_as(folder, name, email, key=None):
    folder.be(name, email)
    folder.git("config", "gpg.format", "ssh")
    if key is not None:
        folder.git("config", "user.signingkey", str(key))


def test_an_approval_signed_by_its_approver_counts(folder, keys, judge):
    sign_as(folder, "Maren", MAREN, keys["maren"])
    assert judge().outcome == "inconclusive"
    signed = approve(judge(), repository=folder.path)
    assert judge().outcome == "pass"
    # Git itself finds the signature good, by the same file.
    signers = folder.path / "allowed_signers"
    told = folder.git("-c", f"gpg.ssh.allowedSignersFile={signers}", "verify-commit", signed.commit)
    assert told == ""


def forged(folder, judge, name, email, *flags):
    """An approval that somebody commits by hand, as Git writes it."""
    sign_as(folder, "Maren", MAREN, key="/nowhere")
    approve(judge(), repository=folder.path, commit=False)
    folder.be(name, email)
    folder.git("add", "-A")
    folder.git("commit", "-q", "--signoff", "-m", "Approve", *flags)
    return check(judge(), "approval")


def test_an_approval_without_a_signature_does_not_count(folder, judge):
    found = forged(folder, judge, "Maren", MAREN)
    assert found.outcome == "inconclusive"
    assert "its commit is not signed" in found.says


def test_a_signature_of_somebody_else_does_not_count(folder, keys, judge):
    """Eve sets her name and address to Maren's, but has only her own key."""
    found = forged(folder, judge, "Maren", MAREN, f"-S{keys['eve']}")
    assert found.outcome == "inconclusive"
    assert f"not signed with a key that allowed_signers gives to {MAREN}" in found.says


def test_a_name_that_looks_like_an_approvers_address_is_only_a_name(folder, keys, judge):
    sign_as(folder, MAREN, "eve@example.com", keys["eve"])
    signed = approve(judge(), repository=folder.path)
    assert signed.approval.approver == f"{MAREN} <eve@example.com>"
    found = check(judge(), "approval")
    assert found.outcome == "inconclusive"
    assert "eve@example.com is none of the policy's approvers" in found.says


def test_a_key_counts_only_while_it_is_valid(folder, keys, judge):
    sign_as(folder, "Maren", MAREN, keys["maren"])
    approve(judge(), repository=folder.path)
    key = keys["maren"].read_text()
    folder.write("allowed_signers", f'{MAREN} valid-before="20200101" {key}')
    assert judge().outcome == "inconclusive"
    folder.write("allowed_signers", f'{MAREN} valid-after="20200101" {key}')
    assert judge().outcome == "pass"
    (folder.path / "allowed_signers").unlink()
    assert "no file allowed_signers that says whose key" in check(judge(), "approval").says


def test_who_has_no_key_set_up_is_told_how_before_anything_is_written(folder, judge):
    folder.be("Maren", MAREN)
    with pytest.raises(LabError, match=r"git config gpg\.format ssh"):
        approve(judge(), repository=folder.path)
    assert not (folder.path / "approvals").exists()


def test_keys_are_given_to_addresses_not_names():
    with pytest.raises(FormatError, match="name 'Ana' among the approvers by theirs"):
        Gate(approvers=["Ana"], allowed_signers="allowed_signers")
