"""Which platforms a pinned package has a file for, by the names of its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from strata.setup import platforms
from strata.setup.package_index import PackageIndex

INTEL, ARM, MAC, OLD_MAC = "Linux x86_64", "Linux aarch64", "macOS arm64", "macOS x86_64"
EVERYWHERE = (INTEL, ARM, MAC, OLD_MAC)


@dataclass(frozen=True)
class Case:
    name: str
    files: tuple[str, ...]
    missing: dict[str, str]


CASES = (
    Case("pure Python", ("p-1.0-py3-none-any.whl",), {}),
    Case("its source alone", ("p-1.0.tar.gz",), {}),
    Case("another version's source", ("p-1.1.tar.gz",), dict.fromkeys(EVERYWHERE, "3.11 3.12 3.13")),
    Case("nothing", (), dict.fromkeys(EVERYWHERE, "3.11 3.12 3.13")),
    Case("another version", ("p-1.1-py3-none-any.whl",), dict.fromkeys(EVERYWHERE, "3.11 3.12 3.13")),
    Case(
        "Linux on Intel",
        ("p-1.0.tar.gz", "p-1.0-cp311-abi3-manylinux_2_28_x86_64.whl"),
        dict.fromkeys((ARM, MAC, OLD_MAC), "3.11 3.12 3.13"),
    ),
    Case(
        "one Python",
        tuple(
            f"p-1.0-cp312-cp312-{tag}.whl"
            for tag in (
                "manylinux2014_x86_64",
                "manylinux_2_17_aarch64.manylinux2014_aarch64",
                "macosx_11_0_universal2",
            )
        ),
        dict.fromkeys(EVERYWHERE, "3.11 3.13"),
    ),
    Case(
        "too new a glibc",
        ("p-1.0-py3-none-manylinux_2_39_x86_64.whl", "p-1.0-py3-none-manylinux_2_36_aarch64.whl"),
        dict.fromkeys((INTEL, MAC, OLD_MAC), "3.11 3.12 3.13"),
    ),
    Case(
        "too new a macOS",
        ("p-1.0-py3-none-macosx_15_0_arm64.whl", "p-1.0-py3-none-macosx_14_0_x86_64.whl"),
        dict.fromkeys((INTEL, ARM, MAC), "3.11 3.12 3.13"),
    ),
    Case("a name that is not a wheel's", ("p-1.0.whl", "p-1.0-py3-none-any.whl"), {}),
)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_platform_without_a_file_is_named(case: Case) -> None:
    found: dict[str, list[str]] = {}
    for one in platforms.missing("p", "1.0", dict.fromkeys(case.files, "")):
        found.setdefault(one.platform.name, []).append(one.python)
    assert {name: " ".join(pythons) for name, pythons in found.items()} == case.missing


def test_the_pins_are_read() -> None:
    found = platforms.pinned(Path(__file__).resolve().parents[2])
    assert found["pyspark"] == "3.5.6"
    assert len(found) > 100


@dataclass(frozen=True)
class Said:
    name: str
    files: tuple[str, ...]
    code: int
    line: str


SAID = (
    Said("all", ("p-1.0-py3-none-any.whl",), 0, "0 missing: 1 packages, 4 platforms, 3 Pythons"),
    Said(
        "an old Mac",
        tuple(
            f"p-1.0-py3-none-{tag}.whl"
            for tag in ("manylinux1_x86_64", "manylinux_2_17_aarch64", "macosx_11_0_arm64")
        ),
        0,
        "p 1.0 has no wheel for macOS x86_64, Python 3.11",
    ),
    Said("nothing", (), 1, "p 1.0 has no wheel for Linux aarch64, Python 3.13"),
)


@pytest.mark.parametrize("said", SAID, ids=[said.name for said in SAID])
def test_the_command(said: Said, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setattr(platforms, "pinned", lambda root: {"p": "1.0"})
    monkeypatch.setattr(PackageIndex, "files", lambda self, package: dict.fromkeys(said.files, ""))
    assert platforms.main() == said.code
    assert said.line in capsys.readouterr().out.splitlines()


def test_an_index_that_does_not_answer_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert platforms.main() == 1
    assert capsys.readouterr().err.startswith("error: the package index does not answer: ")
