"""Permissions boundaries as AWS keeps them: moto takes any name of a policy, and deletes one in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request
from moto.iam.exceptions import IAMException
from moto.iam.models import IAMBackend
from moto.iam.responses import IamResponse

from strata.cloud.aws.service import Service, action


class Boundaries(Service):
    """A role is bounded by a policy that exists, and the policy stays as long as the role."""

    name = "iam-boundaries"

    @action("iam", "CreateRole", wraps=True)
    @action("iam", "PutRolePermissionsBoundary", wraps=True)
    def bound(self, call: Callable[[IamResponse], Any], response: IamResponse) -> Any:
        arn = request.values.get("PermissionsBoundary")
        backend: IAMBackend = response.backend
        if arn and backend.policy_arn_regex.match(arn) and arn not in backend.managed_policies:
            raise IAMException("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.")
        return call(response)

    @action("iam", "DeletePolicy", wraps=True)
    def delete(self, call: Callable[[IamResponse], Any], response: IamResponse) -> Any:
        arn = request.values.get("PolicyArn")
        if any(role.permissions_boundary_arn == arn for role in response.backend.get_roles()):
            raise IAMException("DeleteConflict", "Cannot delete a policy attached to entities.")
        return call(response)
