from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

import pytest

from strata.checkout import extras
from strata.cli import app
from strata.errors import StrataError

REQUIRED = [
    "pydantic>=2",
    'pytest; extra == "testing"',
    'no-such-package[server]<5,>=4; extra == "cloud"',
    "not-there-either==1; python_version >= '3.11' and extra == 'cloud'",
    'absent-as-well; extra == "clouds"',
]


@pytest.fixture(autouse=True)
def required(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: {"strata": REQUIRED}[name])
    extras.missing_packages.cache_clear()
    yield
    extras.missing_packages.cache_clear()


@pytest.mark.parametrize(
    ("extra", "missing"),
    [
        ("cloud", ("no-such-package", "not-there-either")),
        ("testing", ()),
        ("clouds", ("absent-as-well",)),
        ("unknown", ()),
    ],
)
def test_missing_packages_are_those_of_the_extra(extra: str, missing: tuple[str, ...]) -> None:
    assert extras.missing_packages(extra) == missing


def test_a_checkout_that_is_not_installed_lacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def requires(name: str) -> list[str]:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", requires)
    assert extras.missing_packages("cloud") == ()


def test_an_extra_that_is_there_is_not_refused() -> None:
    extras.need_extra("testing", "a case")


def test_a_command_that_lacks_a_package_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**given: object) -> None:
        raise ModuleNotFoundError("No module named 'moto'", name="moto")

    monkeypatch.setattr(app, "app", fail)
    assert app.run(["up"]) == 1
    assert capsys.readouterr().err == (
        "error: this command needs the extra `cloud`: no-such-package is not installed "
        "(pip install 'strata[cloud]')\n"
    )


def test_a_module_that_nothing_brings_is_a_fault_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**given: object) -> None:
        raise ModuleNotFoundError("No module named 'strata.misspelt'", name="strata.misspelt")

    monkeypatch.setattr(app, "app", fail)
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: [])
    with pytest.raises(ModuleNotFoundError, match="misspelt"):
        app.run(["up"])


def test_the_error_names_who_needs_it() -> None:
    with pytest.raises(StrataError) as caught:
        extras.need_extra("cloud", "the fixture `spark`")
    assert str(caught.value) == (
        "the fixture `spark` needs the extra `cloud`: no-such-package is not installed (pip install 'strata[cloud]')"
    )
