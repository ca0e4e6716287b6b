"""What is asked, and by whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Principal:
    """Who asks.

    Attributes:
        service: an AWS service, such as `glue.amazonaws.com`.
        account_id: the account of an AWS principal.
        arns: every ARN an AWS principal goes by: a role's session first, then its role; none is anonymous.
        federated: the ARNs of the identity provider that vouches for a web identity.
    """

    service: str = ""
    account_id: str = ""
    arns: tuple[str, ...] = ()
    federated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Request:
    """One request to decide on.

    Attributes:
        action: such as `s3:GetObject`.
        resource: an ARN; `*` where AWS knows no resource for the action; None if it is not known which: then
            an Allow needs `*`, and any Deny of the action holds.
        principal: who asks; needed where resource or trust policies are evaluated.
        context: the condition keys that are present, names in lower case.
    """

    action: str
    resource: str | None = "*"
    principal: Principal | None = None
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
