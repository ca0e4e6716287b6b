"""The policies of keys, queues and topics: what they say to a role beside the role's own policies.

A queue or topic of the caller's account admits whom either policy admits. A key is different: its own policy
must admit the caller or hand the decision to the account, and a role's policies alone give nothing. Rules:
IAM User Guide, "Policy evaluation for requests within a single account"; AWS KMS Developer Guide, "Key
policies in AWS KMS".
"""

from __future__ import annotations

from typing import Any

from moto.kms.models import kms_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from strata.iam import PolicyError, Principal, Request, decide


def policy_of(arn: str | None) -> str | None:
    """Return the policy of the key, queue or topic with an ARN, as JSON; None if it has or is none."""
    parts = (arn or "").split(":")
    if len(parts) != 6 or not all(parts[3:5]):
        return None
    _, _, service, region, account, name = parts
    found: Any = None
    if service == "kms" and name.startswith("key/"):
        key = kms_backends[account][region].keys.get(name.removeprefix("key/"))
        found = key and key.policy
    elif service == "sqs":
        queue = sqs_backends[account][region].queues.get(name)
        found = queue and queue.policy
    elif service == "sns":
        topic = sns_backends[account][region].topics.get(arn or "")
        found = topic and topic.policy
    return found or None


def is_key(arn: str | None) -> bool:
    """Return whether an ARN is a key's of KMS."""
    return ":kms:" in (arn or "") and ":key/" in (arn or "")


def aliases_of(arn: str) -> list[str]:
    """Return the aliases of a key; none if it is not there."""
    if not is_key(arn):
        return []
    _, _, _, region, account, name = arn.split(":")
    key = kms_backends[account][region].keys.get(name.removeprefix("key/"))
    return sorted(key.aliases) if key is not None else []


def key_arn(account_id: str, region: str, key_id: str) -> str:
    """Return the ARN of a key by its id, ARN or alias; a key that is not there stays as it was named."""
    backend = kms_backends[account_id][region]
    name = backend.get_alias_name(key_id)
    named = key_id
    if name.startswith("alias/"):
        named = backend.get_key_id_from_alias(name) or ""
    key = backend.keys.get(backend.get_key_id(named))
    return key.arn if key is not None else key_id


def refusal(document: Any, action: str, resource: str, *, service: str, source_arn: str) -> str:
    """Return why a resource's policy does not admit a service on behalf of a source; empty if it does."""
    request = Request(
        action=action,
        resource=resource,
        principal=Principal(service=service),
        context={"aws:sourcearn": source_arn, "aws:sourceaccount": source_arn.split(":")[4]},
    )
    denied = f"{service} is not authorized to perform: {action} on resource: {resource} for {source_arn}"
    try:
        decision = decide([document] if document else [], request, "resource-based policy", named=True)
    except PolicyError as error:
        return f"{denied}: {error}"
    return "" if decision.allowed else f"{denied} {decision.reason}"
