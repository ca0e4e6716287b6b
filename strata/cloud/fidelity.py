"""The fidelity ledger: what the embedded AWS does with each API operation that the platform uses.

`python -m strata.cloud.fidelity` prints docs/fidelity.md.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

_LEDGER = Path(__file__).with_name("fidelity.toml")


def ledger() -> dict[str, str]:
    """Return `service:Operation` → "real", or what its simulation leaves out, or how it is refused."""
    found: dict[str, str] = {}
    for service, entry in _read().items():
        if service == "feature":
            continue
        found |= {f"{service}:{name}": "real" for name in entry["real"]}
        for state in ("simulated", "refused"):
            found |= {f"{service}:{name}": f"{state}: {text}" for name, text in entry.get(state, {}).items()}
    return found


def page() -> str:
    """Return docs/fidelity.md."""
    lines = [
        "# Fidelity of the embedded AWS",
        "",
        "Made from `strata/cloud/fidelity.toml` by `python -m strata.cloud.fidelity`; a test compares both,",
        "and holds what the platform asked for in a whole run against it.",
        "",
        "- **real**: what the operation does at AWS happens here.",
        "- **simulated**: it is kept and given back, and what it would set going does not happen.",
        "- **refused**: it is answered with an error.",
        "- Any other operation is carried out by [moto](https://docs.getmoto.org) as far as moto knows it,",
        "  or refused with `501 NotImplemented` and its name.",
        "",
        "| service | operation | |",
        "|---|---|---|",
    ]
    for name, what in sorted(ledger().items()):
        service, _, operation = name.partition(":")
        lines.append(f"| {service} | {operation} | {what} |")
    lines += [
        "",
        "## Features",
        "",
        "What a single operation does not show. **partial**: it works, without what the table names.",
        "",
        "| feature | | evidence |",
        "|---|---|---|",
    ]
    for feature in _read()["feature"]:
        what = ": ".join(part for part in (feature["state"], feature["text"]) if part)
        lines.append(f"| {feature['name']} | {what} | {feature['evidence'] or 'none'} |")
    return "\n".join(lines) + "\n"


def _read() -> dict[str, Any]:
    with _LEDGER.open("rb") as file:
        return tomllib.load(file)


if __name__ == "__main__":
    print(page(), end="")
