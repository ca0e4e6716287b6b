"""Reviewed plans in the state bucket: written by the plan role, read by the apply role alone, encrypted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from strata.ci.fingerprint import Record, parse_record
from strata.ci.planning import RECORD
from strata.ci.plans import PLAN_FILE
from strata.errors import StrataError
from strata.live import LiveTree
from strata.live.remote_state import s3_config


class Store:
    """The place of an environment's reviewed plans; credentials come as for any AWS client."""

    def __init__(self, bucket: str, region: str, environment: str) -> None:
        self.bucket = bucket
        self.environment = environment
        self._region = region
        self._client: Any = None

    @classmethod
    def of(cls, tree: LiveTree, environment: str) -> Store:
        """The store beside the environment's states.

        Raises:
            StrataError: as LiveTree, or the units do not keep their states in S3.
        """
        unit = tree.units(environment)[0]
        config = s3_config(tree.render(unit.path, command="render").remote_state)
        return cls(str(config["bucket"]), str(config["region"]), environment)

    def prefix(self, commit: str) -> str:
        """Where the plans for a pull request's head commit are."""
        return f"plans/{self.environment}/{commit}"

    def save(self, record: Record, plans: Path) -> int:
        """Store a record and the binary plans of its units; return how many objects were written.

        Raises:
            StrataError: AWS refuses.
        """
        files = {f"{unit}/{PLAN_FILE}": plans / unit / PLAN_FILE for unit in record.units}
        count = 0
        for name, path in files.items():
            if path.is_file():
                self._put(f"{self.prefix(record.commit)}/{name}", path.read_bytes())
                count += 1
        # Last: who finds it finds all the rest.
        self._put(f"{self.prefix(record.commit)}/{RECORD}", record.model_dump_json().encode())
        return count + 1

    def load(self, commit: str) -> Record | None:
        """The record for a head commit; None if there is none.

        Raises:
            StrataError: AWS refuses, or the record is damaged or another's.
        """
        key = f"{self.prefix(commit)}/{RECORD}"
        try:
            body = self._s3().get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                return None
            raise StrataError(f"s3://{self.bucket}/{key} cannot be read: {_code(error)}") from None
        except BotoCoreError as error:
            raise StrataError(f"s3://{self.bucket} does not answer: {type(error).__name__}") from None
        record = parse_record(body, f"s3://{self.bucket}/{key}")
        if (record.environment, record.commit) != (self.environment, commit):
            raise StrataError(f"s3://{self.bucket}/{key} is the record of another change")
        return record

    def _put(self, key: str, body: bytes) -> None:
        try:
            self._s3().put_object(Bucket=self.bucket, Key=key, Body=body, ServerSideEncryption="aws:kms")
        except ClientError as error:
            raise StrataError(f"s3://{self.bucket}/{key} cannot be written: {_code(error)}") from None
        except BotoCoreError as error:
            raise StrataError(f"s3://{self.bucket} does not answer: {type(error).__name__}") from None

    def _s3(self) -> Any:
        if self._client is None:
            import boto3

            self._client = boto3.client("s3", region_name=self._region)
        return self._client


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "refused"))
