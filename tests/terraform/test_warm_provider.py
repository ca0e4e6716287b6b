"""A provider that several commands use: how Terraform is told of it, and its end. It is a shell script here."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from strata.terraform.warm_provider import WarmProvider, installed_aws_provider

AWS, OTHER = "registry.terraform.io/hashicorp/aws", "registry.terraform.io/x/y"
ADDRESS = {"Network": "unix", "String": "/tmp/plugin1"}
SAID = json.dumps({AWS: {"Protocol": "grpc", "ProtocolVersion": 5, "Addr": ADDRESS}})


@pytest.fixture
def provider(tmp_path: Path) -> Callable[[str], WarmProvider]:
    def make(text: str) -> WarmProvider:
        program = tmp_path / "provider"
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
        return WarmProvider(program, {"OWN": "1"})

    return make


def waits(tmp_path: Path) -> str:
    """Says where it is, and notes what it was given."""
    (tmp_path / "said").write_text(f"Provider started.\n\tTF_REATTACH_PROVIDERS='{SAID}'\nmore\n")
    return (
        f'{shutil.which("env")} > {tmp_path}/environment; pwd > {tmp_path}/place; echo "$@" > {tmp_path}/given\n'
        f"{shutil.which('cat')} {tmp_path}/said\nexec {shutil.which('sleep')} 60"
    )


def test_terraform_is_told_of_it_beside_others(
    tmp_path: Path, provider: Callable[[str], WarmProvider]
) -> None:
    warm = provider(waits(tmp_path))
    warm.start()
    try:
        assert warm.attachment == json.loads(SAID)
        variables = {"A": "1", "TF_REATTACH_PROVIDERS": json.dumps({OTHER: {"Pid": 1}})}
        attached = warm.attached(variables)
        assert (attached["A"], variables["A"]) == ("1", "1")
        assert json.loads(attached["TF_REATTACH_PROVIDERS"]) == {OTHER: {"Pid": 1}, **json.loads(SAID)}
        assert json.loads(warm.attached({})["TF_REATTACH_PROVIDERS"]) == json.loads(SAID)
        proxied = json.loads(
            warm.attached({}, address={"Network": "tcp", "String": ":1"})["TF_REATTACH_PROVIDERS"]
        )
        assert proxied[AWS] == {
            "Protocol": "grpc",
            "ProtocolVersion": 5,
            "Addr": {"Network": "tcp", "String": ":1"},
        }
        # Its own address stays for who asks next.
        assert warm.attachment[AWS]["Addr"] == ADDRESS
        assert (tmp_path / "given").read_text() == "-debug\n"
        assert (tmp_path / "place").read_text() == "/\n"
        environment = (tmp_path / "environment").read_text().splitlines()
        assert "OWN=1" in environment
        assert not [line for line in environment if line.startswith("HOME=")]
    finally:
        warm.stop()
    assert not warm.running


@pytest.mark.parametrize("text", ["exit 1", "echo 'TF_REATTACH_PROVIDERS={}'", "exit 0"])
def test_one_that_says_nothing_is_done_without(provider: Callable[[str], WarmProvider], text: str) -> None:
    warm = provider(text)
    warm.start()
    assert warm.attachment == {}
    assert warm.attached({"A": "1"}) == {"A": "1"}
    assert warm.attached({"TF_REATTACH_PROVIDERS": "{}"}) == {"TF_REATTACH_PROVIDERS": "{}"}
    assert warm.attached({"TF_REATTACH_PROVIDERS": f'{{"{OTHER}": {{}}}}'}) == {
        "TF_REATTACH_PROVIDERS": f'{{"{OTHER}": {{}}}}'
    }
    warm.stop()


def test_its_end_is_no_error(
    tmp_path: Path, provider: Callable[[str], WarmProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[object] = []
    monkeypatch.setattr(threading, "excepthook", errors.append)
    stopped, missing = provider(waits(tmp_path)), WarmProvider(tmp_path / "missing", {})
    too_much = WarmProvider(tmp_path / "provider", {"X": "x" * 200_000})
    for warm in (stopped, missing, too_much):
        assert not warm.running
        warm.stop()
        warm.start()
    begun = time.monotonic()
    assert (missing.attachment, too_much.attachment, stopped.attachment) == ({}, {}, {})
    assert time.monotonic() - begun < 10
    for warm in (stopped, missing, too_much):
        warm.stop()
        assert not warm.running
    assert errors == []


def test_the_installed_provider_is_found_behind_its_link(tmp_path: Path) -> None:
    assert installed_aws_provider(tmp_path) is None
    real = tmp_path / "mirror" / "linux_amd64"
    real.mkdir(parents=True)
    (real / "terraform-provider-aws_v5.100.0_x5").touch()
    place = tmp_path / "providers" / "registry.terraform.io" / "hashicorp" / "aws" / "5.100.0"
    place.mkdir(parents=True)
    (place / "linux_amd64").symlink_to(real)
    other = tmp_path / "providers" / "registry.terraform.io" / "hashicorp" / "null" / "3.0.0" / "linux_amd64"
    other.mkdir(parents=True)
    (other / "terraform-provider-null_v3.0.0").touch()
    assert installed_aws_provider(tmp_path) == real / "terraform-provider-aws_v5.100.0_x5"
