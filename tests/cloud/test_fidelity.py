"""The ledger lists what the apply role asks for, also in changes that no run of the suite makes."""

from __future__ import annotations

import tomllib
from pathlib import Path

from strata.cloud.fidelity import ledger

# The embedded AWS answers these with 501 and their name.
REFUSED = {
    "iam:AddClientIDToOpenIDConnectProvider",
    "iam:RemoveClientIDFromOpenIDConnectProvider",
    "logs:AssociateKmsKey",
    "logs:DisassociateKmsKey",
}


def test_the_ledger_lists_what_a_change_of_each_resource_type_asks_for(root: Path) -> None:
    types = tomllib.loads((root / "strata/ci/role_actions.toml").read_text(encoding="utf-8"))
    needed = {
        action
        for needs in types.values()
        for verb in ("create", "read", "update", "delete")
        for action in needs.get(verb, [])
        # S3's permissions are not called as its operations are.
        if not action.startswith("s3:")
    }
    assert len(needed) > 80
    assert needed - set(ledger()) == REFUSED
