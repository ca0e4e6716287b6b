"""Windows in which nothing is applied: `freeze` in an environment's `env.hcl`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from strata.errors import StrataError
from strata.live import LiveTree, discovery
from strata.live.settings import Freeze

_SETTINGS = "env.hcl"


def refuse_frozen(tree: LiveTree, environment: str, now: datetime) -> None:
    """Refuse to apply within a window.

    Args:
        tree: as it is merged.
        environment: what would be applied.
        now: the time, with its zone.

    Raises:
        StrataError: a window is open; or `freeze` cannot be read, which must not mean that there is none.
    """
    file = discovery.folder_of(tree.root, environment) / _SETTINGS
    if not file.is_file():
        return
    for window in windows(tree.locals([file])[0], str(file)):
        if window.begins <= now < window.ends:
            raise StrataError(
                f"{environment} is frozen until {window.until}: {window.reason}",
                file=file,
                remedy="apply after it, or end the window by a reviewed change of `freeze`",
            )


def windows(settings: Mapping[str, Any], file: str) -> list[Freeze]:
    """The windows of an environment's locals.

    Raises:
        StrataError: one of them is not a window.
    """
    try:
        return [Freeze.model_validate(one) for one in settings.get("freeze", ())]
    except (TypeError, ValueError):
        raise StrataError(
            "`freeze` is not a list of windows",
            file=file,
            remedy='write [{ from = "2026-12-20T00:00:00Z", until = "2027-01-02T00:00:00Z", reason = "…" }]',
        ) from None
