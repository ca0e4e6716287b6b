"""Tags, as many clients change them: moto loses some, and fails to list what just changes."""

from __future__ import annotations

from typing import Any

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces


class Tags(Service):
    """What moto keeps the tags of most services in, by ARN; no other thread comes into a step here."""

    name = "tags"

    @replaces(moto.TAG_RESOURCE)
    def tag(self, kept: Any, arn: str, tags: list[dict[str, Any]] | None) -> None:
        if tags is not None:
            added = {tag[kept.key_name]: tag.get(kept.value_name) for tag in tags}
            kept.tags.setdefault(arn, {}).update(added)

    @replaces(moto.UNTAG_RESOURCE)
    def untag(self, kept: Any, arn: str, names: list[str]) -> None:
        for name in names:
            kept.tags.get(arn, {}).pop(name, None)

    @replaces(moto.TAGS_OF_RESOURCE)
    def tags(self, kept: Any, arn: str) -> dict[str, Any]:
        return dict(kept.tags.get(arn, {}))

    @replaces(moto.LIST_TAGS)
    def listed(self, kept: Any, arn: str) -> dict[str, list[dict[str, Any]]]:
        tags = dict(kept.tags.get(arn, {}))
        return {kept.tag_name: [{kept.key_name: key, kept.value_name: tags[key]} for key in tags]}
