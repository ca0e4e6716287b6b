"""A document is found in whatever else a program prints."""

from __future__ import annotations

import json
from typing import Any

import pytest

from strata.checkout.child_output import json_document

DOCUMENT = {"terraform_version": "1.11.4", "platform": "linux_amd64", "list": [{"a": "}\n{"}]}
PRETTY, SHORT = json.dumps(DOCUMENT, indent=2), json.dumps(DOCUMENT)
NOTICE = "Releasing state lock. This may take a few moments...\n"

FOUND: dict[str, tuple[str, Any]] = {
    "alone": (PRETTY, DOCUMENT),
    "on one line": (SHORT, DOCUMENT),
    "a line before": (NOTICE + PRETTY, DOCUMENT),
    "a line after": (f"{PRETTY}\n{NOTICE}", DOCUMENT),
    "glued to its end": (SHORT + NOTICE, DOCUMENT),
    "Windows line ends": ((NOTICE + PRETTY).replace("\n", "\r\n"), DOCUMENT),
    "a byte-order mark": ("\ufeff" + SHORT, DOCUMENT),
    "a notice that begins like a list": (f"[notice] a new release\n[1/2] step\n{SHORT}\n", DOCUMENT),
    "notices that are JSON": (f'{{"level":"warn"}}\n{PRETTY}\n{{"level":"info"}}\n', DOCUMENT),
    "a notice with braces": (f"use {{x}} instead\n{{x}}\n{SHORT}\n", DOCUMENT),
    "a list": (f"{NOTICE}[{SHORT}]\n", [DOCUMENT]),
}


@pytest.mark.parametrize("name", FOUND)
def test_the_document_is_found(name: str) -> None:
    output, expected = FOUND[name]
    assert json_document(output) == expected


@pytest.mark.parametrize("output", ["", NOTICE, "{not JSON}", SHORT[:-1], f"x {SHORT}", '"text"'])
def test_where_there_is_none_it_is_said(output: str) -> None:
    with pytest.raises(ValueError, match="the output holds no JSON object or array"):
        json_document(output)
