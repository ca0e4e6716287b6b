"""The units' states in the embedded cloud: bucket, lock table, and what a state says."""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import json
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from strata.cloud.client import embedded_client
from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError
from strata.live import UnitOutputs
from strata.live.remote_state import s3_config
from strata.terraform.locks import Lock

# How long a run waits for the lock of a state that another has, in seconds.
LOCK_TIMEOUT = 20.0
# Between a state and its digest a run needs far less; Terraform itself waits 10 s.
_DIGEST_SECONDS, _DIGEST_POLL = 4.0, 0.25
_RECOVER = "bring back its last good version, see docs/state.md"
_MISSING = {"NoSuchKey", "NoSuchBucket", "404"}


@dataclass(frozen=True)
class UnitState:
    """What a unit's state says.

    Attributes:
        serial: Terraform's serial number of the state.
        outputs: the root module's outputs, sensitive ones too.
        resources: how many resource instances Terraform manages in it.
        document: all of it.
    """

    serial: int
    outputs: UnitOutputs
    resources: int
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


class StateBackend:
    """The S3 backends of units.

    Args:
        endpoints: of the embedded cloud; None for the account that this process is logged in to, whose states
            are only read (decision D6).

    Raises:
        StrataError: the endpoints are not on this machine.
    """

    def __init__(self, endpoints: Endpoints | None) -> None:
        if endpoints is not None:
            require_loopback(endpoints)
        self._endpoints = endpoints
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._ready: set[tuple[str, str]] = set()

    def read(self, remote_state: Mapping[str, Any]) -> UnitState | None:
        """Return the state that a unit's `remote_state` points at; None if there is none yet.

        Raises:
            StrataError: the state is corrupt, or not the one that was written last; or the cloud does not
                answer.
        """
        config = s3_config(remote_state)
        place = f"s3://{config['bucket']}/{config['key']}"
        deadline = time.monotonic() + _DIGEST_SECONDS
        while True:
            raw = self._object(config)
            digest = self._digest(config)
            if not digest or digest == (hashlib.md5(raw).hexdigest() if raw is not None else ""):
                return None if raw is None else read_state(raw, place)
            # A run that writes puts the state first and its digest then.
            if time.monotonic() >= deadline:
                raise StrataError(
                    f"the state {place} is {'gone' if raw is None else 'not the one that was written last'}: "
                    "its digest in the lock table says so",
                    remedy=_RECOVER,
                )
            time.sleep(_DIGEST_POLL)

    def _object(self, config: Mapping[str, Any]) -> bytes | None:
        with self._answering(absent=_MISSING):
            answer = self._client("s3").get_object(Bucket=config["bucket"], Key=config["key"])
            return bytes(answer["Body"].read())
        return None

    def _digest(self, config: Mapping[str, Any]) -> str:
        """The digest of the state as Terraform wrote it last; "" where there is none."""
        if not config.get("dynamodb_table"):
            return ""
        with self._answering(absent={"ResourceNotFoundException"}):
            answer = self._client("dynamodb").get_item(
                TableName=config["dynamodb_table"],
                Key={"LockID": {"S": f"{config['bucket']}/{config['key']}-md5"}},
                ConsistentRead=True,
            )
            return str(answer.get("Item", {}).get("Digest", {}).get("S", ""))
        return ""

    def read_all(self, remote_states: Mapping[str, Mapping[str, Any]]) -> dict[str, UnitState | None]:
        """Return many units' states by the unit's path; raises as `read`."""
        with ThreadPoolExecutor(4) as pool:
            return dict(zip(remote_states, pool.map(self.read, remote_states.values()), strict=True))

    def locks(self, remote_state: Mapping[str, Any]) -> list[Lock]:
        """Return the locks on a unit's state: Terraform takes one in the bucket and one in the table.

        They are one lock, with one id, unless a run died between the two.
        """
        config = s3_config(remote_state)
        found: list[Lock] = []
        with self._answering(absent=_MISSING):
            answer = self._client("s3").get_object(Bucket=config["bucket"], Key=f"{config['key']}.tflock")
            found.append(Lock.read(answer["Body"].read()))
        with self._answering(absent={"ResourceNotFoundException"}):
            info = self._table_lock(config)
            if info is not None:
                found.append(Lock.read(info))
        return list(dict.fromkeys(found))

    def unlock(self, remote_state: Mapping[str, Any], locks: Collection[Lock]) -> None:
        """Release these locks, as `terraform force-unlock` does, and no other that came since."""
        config = s3_config(remote_state)
        place = {"Bucket": config["bucket"], "Key": f"{config['key']}.tflock"}
        with self._answering(absent=_MISSING):
            if Lock.read(self._client("s3").get_object(**place)["Body"].read()) in locks:
                self._client("s3").delete_object(**place)
        with self._answering(absent={"ResourceNotFoundException", "ConditionalCheckFailedException"}):
            info = self._table_lock(config)
            if info is not None and Lock.read(info) in locks:
                self._client("dynamodb").delete_item(
                    TableName=config["dynamodb_table"],
                    Key=_lock_key(config),
                    ConditionExpression="Info = :seen",
                    ExpressionAttributeValues={":seen": {"S": info}},
                )

    def _table_lock(self, config: Mapping[str, Any]) -> str | None:
        if not config.get("dynamodb_table"):
            return None
        answer = self._client("dynamodb").get_item(
            TableName=config["dynamodb_table"], Key=_lock_key(config), ConsistentRead=True
        )
        item = answer.get("Item")
        return str(item["Info"]["S"]) if item else None

    def missing(self, remote_states: Iterable[Mapping[str, Any]]) -> set[str]:
        """Return the names of state buckets and lock tables that `bootstrap` has still to create."""
        configs = [s3_config(remote_state) for remote_state in remote_states]
        buckets = {str(config["bucket"]) for config in configs}
        tables = {str(config["dynamodb_table"]) for config in configs if config.get("dynamodb_table")}
        found: set[str] = set()
        for bucket in buckets:
            with self._answering(absent=_MISSING):
                self._client("s3").head_bucket(Bucket=bucket)
                found.add(bucket)
        for table in tables:
            with self._answering(absent={"ResourceNotFoundException"}):
                self._client("dynamodb").describe_table(TableName=table)
                found.add(table)
        return (buckets | tables) - found

    def bootstrap(self, remote_state: Mapping[str, Any]) -> None:
        """Create the state bucket and the lock table where they are missing.

        As `terragrunt backend bootstrap` does: the bucket is versioned, encrypted and closed to the public.
        Its policy is left alone: the one that demands TLS would shut out the embedded cloud's own clients,
        which speak plain HTTP.
        """
        config = s3_config(remote_state)
        if self._endpoints is None:
            raise StrataError(
                "the built-in runner makes state backends in the embedded cloud only",
                remedy="use `strata bootstrap`",
            )
        names = (str(config["bucket"]), str(config.get("dynamodb_table") or ""))
        if names in self._ready:
            return
        bucket, table = names
        # Asked first: a role that may not create them may work with those that are there.
        missing = self.missing([remote_state])
        with self._answering():
            if bucket in missing:
                self._create_bucket(bucket)
            self._complete_bucket(bucket, str(config.get("bucket_sse_algorithm") or "aws:kms"))
            if table in missing:
                self._create_table(table)
        self._ready.add(names)

    def _create_bucket(self, bucket: str) -> None:
        assert self._endpoints is not None, "buckets are made in the embedded cloud only"
        region = self._endpoints.region
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        with self._answering(absent={"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}):
            self._client("s3").create_bucket(Bucket=bucket, **place)

    def _complete_bucket(self, bucket: str, encryption: str) -> None:
        """Make each setting where it is missing: the unit that owns the bucket may have chosen another."""
        s3 = self._client("s3")
        if s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        try:
            s3.get_bucket_encryption(Bucket=bucket)
        except ClientError:
            rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": encryption}}
            s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
        try:
            s3.get_public_access_block(Bucket=bucket)
        except ClientError:
            closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
            s3.put_public_access_block(
                Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(closed, True)
            )

    def _create_table(self, table: str) -> None:
        with self._answering(absent={"ResourceInUseException"}):
            self._client("dynamodb").create_table(
                TableName=table,
                KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )

    @contextlib.contextmanager
    def _answering(self, absent: Collection[str] = ()) -> Iterator[None]:
        """Pass over the error codes in `absent`; make a StrataError of any other error."""
        try:
            yield
        except ClientError as error:
            if str(error.response.get("Error", {}).get("Code", "")) not in absent:
                raise StrataError(
                    f"the {'embedded cloud' if self._endpoints else 'state backend'} refused: {error}"
                ) from error
        except BotoCoreError as error:
            if self._endpoints is None:
                raise StrataError(f"AWS does not answer: {error}", remedy="log in again") from error
            raise StrataError(
                f"the embedded cloud at {self._endpoints.aws_url} does not answer: {error}",
                remedy="start it again with `strata up`",
            ) from error

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._new_client(service)
            return self._clients[service]

    def _new_client(self, service: str) -> Any:
        if self._endpoints is None:
            import boto3

            return boto3.client(service)
        endpoints = self._endpoints
        return embedded_client(service, endpoints.aws_url, endpoints.region, endpoints.environment())


def _lock_key(config: Mapping[str, Any]) -> dict[str, Any]:
    return {"LockID": {"S": f"{config['bucket']}/{config['key']}"}}


def require_loopback(endpoints: Endpoints) -> None:
    """Raise StrataError unless AWS and Snowflake are both on this machine (decision D6)."""
    for host in (urlsplit(endpoints.aws_url).hostname or "", endpoints.snowflake_host):
        try:
            local = ipaddress.ip_address(host).is_loopback
        except ValueError:
            local = host == "localhost"
        if not local:
            raise StrataError(
                "the built-in runner applies only to the embedded cloud, "
                f"and {host or 'an empty host'} is not on this machine",
                remedy="use `terragrunt run --all apply` for AWS and Snowflake",
            )


def read_state(raw: bytes, place: str) -> UnitState:
    """Read a state.

    Args:
        raw: its text.
        place: where it is kept, for messages.

    Raises:
        StrataError: it is corrupt.
    """
    try:
        document = json.loads(raw)
        outputs = document.get("outputs") or {}
        return UnitState(
            serial=int(document["serial"]),
            outputs=UnitOutputs(
                {name: output["value"] for name, output in outputs.items()},
                {name: output["type"] for name, output in outputs.items()},
            ),
            resources=sum(
                len(resource.get("instances", []))
                for resource in document.get("resources", [])
                if resource.get("mode") == "managed"
            ),
            document=document,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StrataError(
            f"state {place} is corrupt (truncated or overwritten)",
            remedy=_RECOVER,
        ) from None
