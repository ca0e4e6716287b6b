"""The page of the fields of `env.hcl`."""

from __future__ import annotations

from strata.docs.fields import fields_table
from strata.docs.markdown import page
from strata.live.settings import Settings


def environment_page() -> str:
    """Return docs/reference/env-hcl.md."""
    return page(
        "Fields of env.hcl",
        [
            "What the locals of `live/<environment>/env.hcl` say. [Environments](../environments.md) shows"
            " how to add one, and how a repository adds fields of its own.",
            fields_table(Settings),
        ],
    )
