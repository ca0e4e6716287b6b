"""The state backend, which must exist before any unit, and the units that CI needs to log in."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from strata.bootstrap.steps import BootstrapStep
from strata.errors import StrataError
from strata.live.facts import EnvironmentFacts
from strata.terraform.terragrunt import first_error

_CLOSED = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_ENCRYPTION = {
    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}]
}
_MISSING = {"404", "NoSuchBucket", "NotFound", "ResourceNotFoundException", "NoSuchEntity", "NoSuchKey"}
_UNSET = {"ServerSideEncryptionConfigurationNotFoundError", "NoSuchPublicAccessBlockConfiguration"}
_ISSUER = "token.actions.githubusercontent.com"


def aws_steps(root: Path, facts: EnvironmentFacts) -> list[BootstrapStep]:
    """Return the steps: state bucket, lock table, and the units `state-backend` and `github-oidc`."""
    cloud = _Aws(root, facts)
    steps = [
        BootstrapStep(
            "aws", "State bucket: versioned, encrypted, not public", _bucket_commands(facts), cloud.bucket
        )
    ]
    if facts.lock_table:
        steps.append(
            BootstrapStep("aws", "Lock table", _table_commands(facts, facts.lock_table), cloud.table)
        )
    if facts.login_unit:
        steps.append(
            BootstrapStep(
                "aws",
                "OIDC provider, boundary, plan role and apply role (existing ones are imported)",
                (*_import_commands(facts, facts.login_unit), _apply_command(facts.login_unit)),
                cloud.login,
            )
        )
    if facts.state_unit:
        unit = facts.state_unit
        steps.append(
            BootstrapStep(
                "aws",
                "State backend under Terraform (the unit imports it)",
                (_apply_command(unit),),
                lambda: cloud.unit(unit),
            )
        )
    return steps


class _Aws:
    def __init__(self, root: Path, facts: EnvironmentFacts) -> None:
        self._root = root
        self._facts = facts
        self._clients: dict[str, Any] = {}

    def bucket(self) -> list[str]:
        """Create the state bucket, or set what it lacks."""
        self._check_account()
        s3, name = self._client("s3"), self._facts.state_bucket
        done: list[str] = []
        if not self._get_or_none(lambda: s3.head_bucket(Bucket=name)):
            place: dict[str, Any] = {}
            if self._facts.region != "us-east-1":
                place["CreateBucketConfiguration"] = {"LocationConstraint": self._facts.region}
            self._call(lambda: s3.create_bucket(Bucket=name, **place))
            done.append(f"created bucket {name}")
        if self._call(lambda: s3.get_bucket_versioning(Bucket=name)).get("Status") != "Enabled":
            self._call(
                lambda: s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
            )
            done.append(f"enabled versioning of {name}")
        if not self._kms_encrypted(s3, name):
            self._call(
                lambda: s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=_ENCRYPTION)
            )
            done.append(f"set encryption of {name} to KMS")
        closed = dict.fromkeys(_CLOSED, True)
        block = self._get_or_none(lambda: s3.get_public_access_block(Bucket=name), _UNSET) or {}
        if block.get("PublicAccessBlockConfiguration") != closed:
            self._call(lambda: s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=closed))
            done.append(f"blocked public access to {name}")
        return done

    def table(self) -> list[str]:
        """Create the lock table if it does not exist."""
        name = self._facts.lock_table
        dynamodb = self._client("dynamodb")
        if self._get_or_none(lambda: dynamodb.describe_table(TableName=name)):
            return []
        self._call(
            lambda: dynamodb.create_table(
                TableName=name,
                KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        )
        self._call(lambda: dynamodb.get_waiter("table_exists").wait(TableName=name))
        return [f"created table {name}"]

    def login(self) -> list[str]:
        """Import the provider, the boundary and the roles that exist, and apply the unit."""
        unit = self._facts.login_unit
        assert unit is not None
        iam = self._client("iam")
        known = self._addresses(unit)
        done: list[str] = []
        for address, identifier in _login_addresses(self._facts).items():
            if address in known:
                continue
            if "provider" in address:
                exists = self._get_or_none(
                    lambda i=identifier: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=i)
                )
            elif "policy" in address:
                exists = self._get_or_none(lambda i=identifier: iam.get_policy(PolicyArn=i))
            else:
                exists = self._get_or_none(lambda i=identifier: iam.get_role(RoleName=i))
            if exists:
                self._terragrunt(unit, "import", "-input=false", address, identifier)
                done.append(f"imported {identifier}")
        return [*done, *self.unit(unit)]

    def unit(self, unit: str) -> list[str]:
        """Apply one unit if its plan has changes."""
        planned = self._terragrunt(unit, "plan", "-input=false", "-detailed-exitcode", codes=(0, 2))
        if planned.returncode == 0:
            return []
        applied = self._terragrunt(unit, "apply", "-input=false", "-auto-approve")
        counts = re.search(r"Apply complete! Resources: ([^.]+)\.", applied.stdout + applied.stderr)
        return [f"applied {unit}: {counts[1] if counts else 'done'}"]

    def _addresses(self, unit: str) -> set[str]:
        """Return the addresses in the unit's state."""
        s3 = self._client("s3")
        key = f"{unit}/terraform.tfstate"
        answer = self._get_or_none(lambda: s3.get_object(Bucket=self._facts.state_bucket, Key=key))
        if not answer:
            return set()
        found: set[str] = set()
        for resource in json.loads(answer["Body"].read()).get("resources", ()):
            for instance in resource.get("instances", ()):
                index = instance.get("index_key")
                suffix = "" if index is None else f"[{json.dumps(index)}]"
                found.add(f"{resource['type']}.{resource['name']}{suffix}")
        return found

    def _terragrunt(
        self, unit: str, *arguments: str, codes: tuple[int, ...] = (0,)
    ) -> subprocess.CompletedProcess[str]:
        command = ["terragrunt", "run", "--non-interactive", "--no-color", "--tf-path", "terraform"]
        try:
            process = subprocess.run(
                [*command, "--working-dir", str(self._root / unit), "--", *arguments],
                cwd=self._root,
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            raise StrataError(
                "terragrunt is not on PATH", remedy="install the version that .tool-versions names"
            ) from None
        if process.returncode not in codes:
            reason = first_error(process.stdout + process.stderr) or "terragrunt gave no reason"
            raise StrataError(f"{unit}: {arguments[0]} failed: {reason}")
        return process

    def _check_account(self) -> None:
        account = str(self._call(lambda: self._client("sts").get_caller_identity())["Account"])
        if account != self._facts.account_id:
            raise StrataError(
                f"the credentials are for account {account}, not for {self._facts.account_id}",
                remedy="log in to the environment's account",
            )

    def _kms_encrypted(self, s3: Any, name: str) -> bool:
        found = self._get_or_none(lambda: s3.get_bucket_encryption(Bucket=name), _UNSET)
        rules = (found or {}).get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
        return any(
            rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") == "aws:kms"
            for rule in rules
        )

    def _get_or_none(self, call: Any, absent: set[str] = _MISSING) -> Any:
        try:
            return call()
        except ClientError as error:
            if str(error.response.get("Error", {}).get("Code")) in absent:
                return None
            raise StrataError(f"AWS refused: {error}") from None
        except BotoCoreError as error:
            raise StrataError(f"AWS does not answer: {error}") from None

    def _call(self, call: Any) -> Any:
        return self._get_or_none(call, set())

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            import boto3

            self._clients[service] = boto3.client(service, region_name=self._facts.region)
        return self._clients[service]


def _login_addresses(facts: EnvironmentFacts) -> dict[str, str]:
    """Return address in the unit `github-oidc` -> ID for `terraform import`."""
    account = f"arn:{facts.partition}:iam::{facts.account_id}"
    return {
        "aws_iam_openid_connect_provider.github[0]": f"{account}:oidc-provider/{_ISSUER}",
        "aws_iam_policy.services_boundary[0]": f"{account}:policy/{facts.name('boundary')}",
        'aws_iam_role.this["apply"]': facts.name("apply"),
        'aws_iam_role.this["plan"]': facts.name("plan"),
    }


def _import_commands(facts: EnvironmentFacts, unit: str) -> tuple[str, ...]:
    lines = ["# Only what exists and is not in the state yet:"]
    for address, identifier in _login_addresses(facts).items():
        lines.append(f"# terragrunt run --working-dir {unit} -- import '{address}' '{identifier}'")
    return tuple(lines)


def _apply_command(unit: str) -> str:
    return f"terragrunt run --working-dir {unit} -- apply"


def _bucket_commands(facts: EnvironmentFacts) -> tuple[str, ...]:
    bucket = facts.state_bucket
    place = (
        ""
        if facts.region == "us-east-1"
        else f" --create-bucket-configuration LocationConstraint={facts.region}"
    )
    block = ",".join(f"{name}=true" for name in _CLOSED)
    return (
        f"aws s3api head-bucket --bucket {bucket} 2> /dev/null ||",
        f"  aws s3api create-bucket --bucket {bucket} --region {facts.region}{place}",
        f"aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled",
        f"aws s3api put-bucket-encryption --bucket {bucket} \\",
        f"  --server-side-encryption-configuration '{json.dumps(_ENCRYPTION)}'",
        f"aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration {block}",
    )


def _table_commands(facts: EnvironmentFacts, table: str) -> tuple[str, ...]:
    return (
        f"aws dynamodb describe-table --region {facts.region} --table-name {table} > /dev/null 2>&1 ||",
        f"  aws dynamodb create-table --region {facts.region} --table-name {table} \\",
        "    --billing-mode PAY_PER_REQUEST --key-schema AttributeName=LockID,KeyType=HASH \\",
        "    --attribute-definitions AttributeName=LockID,AttributeType=S",
    )
