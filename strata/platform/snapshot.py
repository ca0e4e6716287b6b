"""A snapshot file: all that the embedded AWS and Snowflake of one environment hold."""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import json
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from strata import __version__
from strata.checkout.files import replacing
from strata.checkout.loopback import send
from strata.cloud.endpoints import Endpoints
from strata.cloud.snapshot import PATH
from strata.errors import StrataError

_MANIFEST = "manifest.json"


def _versions() -> dict[str, str]:
    """What the classes are of whose objects a snapshot is made."""
    packages = ("moto", "fakesnow", "sqlglot")
    return {"strata": __version__, **{name: importlib.metadata.version(name) for name in packages}}


class Manifest(BaseModel):
    """What a snapshot file says of itself.

    Attributes:
        format: the layout of the file.
        versions: package → version that wrote it.
        environment: the environment of the live tree.
        account_id, region: where it lives.
        saved_at: when, in UTC.
        made_of: the hash of the files that it was applied from, where that is known.
        parts: name of a part → its SHA-256.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    FORMAT: ClassVar[int] = 1

    format: int = FORMAT
    versions: dict[str, str] = Field(default_factory=_versions)
    environment: str
    account_id: str
    region: str
    saved_at: datetime.datetime
    made_of: str = ""
    parts: dict[str, str]


def save(endpoints: Endpoints, environment: str, file: Path, *, made_of: str = "") -> int:
    """Write all that a running cloud holds to a file, whole or not at all.

    Args:
        endpoints: the cloud.
        environment: the environment that it is for.
        file: what to write; only its owner may read it, as it holds what the platform holds.
        made_of: the hash of the files that the platform was applied from.

    Returns:
        The file's bytes.

    Raises:
        StrataError: something goes on that cannot be saved, such as an execution.
    """
    parts = saved_parts(endpoints)
    manifest = Manifest(
        environment=environment,
        account_id=endpoints.account_id,
        region=endpoints.region,
        saved_at=datetime.datetime.now(datetime.UTC),
        made_of=made_of,
        parts={name: hashlib.sha256(part).hexdigest() for name, part in parts.items()},
    )
    with replacing(file, mode=0o600) as draft:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(_MANIFEST, manifest.model_dump_json(indent=2))
            for name, part in parts.items():
                archive.writestr(name, part)
        return draft.stat().st_size


def load(endpoints: Endpoints, environment: str, file: Path) -> Manifest:
    """Replace all that a running cloud holds with what a file says.

    Args:
        endpoints: the cloud.
        environment: the environment that it is for.
        file: what `save` wrote.

    Returns:
        What the file says of itself.

    Raises:
        StrataError: it is missing, damaged, of another version or another environment; nothing has changed.
    """
    manifest, parts = read(file)
    if (manifest.environment, manifest.account_id) != (environment, endpoints.account_id):
        raise StrataError(
            f"it is a snapshot of {manifest.environment} in account {manifest.account_id}, "
            f"and {environment} in account {endpoints.account_id} runs",
            file=file,
            remedy=f"start the other with `strata up {manifest.environment}`",
        )
    try:
        load_parts(endpoints, parts)
    except StrataError as error:
        raise StrataError(str(error), file=file) from None
    return manifest


def saved_parts(endpoints: Endpoints) -> dict[str, bytes]:
    """Return all that a running cloud holds: `aws` and `snowflake`, each as bytes.

    Raises:
        StrataError: something goes on that cannot be saved, such as an execution.
    """
    return {name: _ask("GET", url) for name, url in _services(endpoints).items()}


def load_parts(endpoints: Endpoints, parts: Mapping[str, bytes]) -> None:
    """Replace all that a running cloud holds.

    Args:
        endpoints: the cloud.
        parts: what `saved_parts` returned.

    Raises:
        StrataError: a part is damaged, or of another version.
    """
    for name, url in _services(endpoints).items():
        _ask("PUT", url, parts[name])


def read(file: Path) -> tuple[Manifest, dict[str, bytes]]:
    """Read and check a snapshot file.

    Args:
        file: what `save` wrote.

    Returns:
        What it says of itself, and its parts by name.

    Raises:
        StrataError: it is missing, damaged, or of another version.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            raw = json.loads(archive.read(_MANIFEST))
            _check_version(raw, file)
            manifest = Manifest.model_validate(raw)
            parts = {name: archive.read(name) for name in manifest.parts}
    except FileNotFoundError:
        raise StrataError("no such snapshot", file=file) from None
    except (zipfile.BadZipFile, KeyError, ValueError, ValidationError, EOFError) as error:
        raise _damaged(file, str(error)) from None
    for name, digest in manifest.parts.items():
        if hashlib.sha256(parts[name]).hexdigest() != digest:
            raise _damaged(file, f"{name} is not what was saved")
    if parts.keys() != {"aws", "snowflake"}:
        raise _damaged(file, f"its parts are {', '.join(sorted(parts)) or 'none'}")
    return manifest, parts


def _check_version(raw: object, file: Path) -> None:
    found = raw if isinstance(raw, dict) else {}
    written = found.get("versions")
    if found.get("format") == Manifest.FORMAT and written == _versions():
        return
    names = written if isinstance(written, dict) else {}
    other = [f"{name} {names.get(name, '?')}" for name, now in _versions().items() if names.get(name) != now]
    raise StrataError(
        f"it was saved by another version: {', '.join(other) or 'another layout'}",
        file=file,
        remedy="load it with that version, or apply and save it again",
    )


def _damaged(file: Path, reason: str) -> StrataError:
    return StrataError(
        f"the file is not a snapshot, or it is damaged: {reason}",
        file=file,
        remedy="save it again: strata snapshot save FILE",
    )


def _services(endpoints: Endpoints) -> dict[str, str]:
    snowflake = f"http://{endpoints.snowflake_host}:{endpoints.snowflake_port}"
    return {"aws": endpoints.aws_url, "snowflake": snowflake}


def _ask(method: str, url: str, content: bytes | None = None) -> bytes:
    return send(urllib.request.Request(f"{url}{PATH}", method=method, data=content))
