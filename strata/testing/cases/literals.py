"""Values in Terraform's JSON syntax."""

from __future__ import annotations

from typing import Any


def literal(value: Any) -> Any:
    """A value as Terraform's JSON syntax wants it: there every string is a template."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, dict):
        return {literal(key): literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [literal(item) for item in value]
    return value
