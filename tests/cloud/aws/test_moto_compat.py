"""moto has what this version of Strata uses of it: its inside, and every name that a file imports."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import boto3
import pytest

import strata.cloud.aws
from strata.cloud.aws import moto_compat
from strata.cloud.aws.gateway.services import Services
from strata.cloud.aws.moto_compat import MotoName
from strata.cloud.aws.service import Service, bindings_of
from strata.cloud.aws.stepfunctions import engine, execution_log, sdk_tasks  # noqa: F401  (their classes)
from strata.errors import did_you_mean

from .conftest import ACCOUNT, Aws

_FOLDER = Path(strata.cloud.aws.__file__).parent
_NAMES = sorted(
    {
        *(value for value in vars(moto_compat).values() if isinstance(value, MotoName)),
        *moto_compat.PRIVATE,
        *moto_compat.RESPONSES.values(),
        *moto_compat.BELOW_THE_RESPONSE.values(),
        MotoName("moto.s3.models", "FakeKey.dispose"),
    }
    # additions
    - {
        moto_compat.DISPOSE_DELETE_MARKER,
        moto_compat.DELETE_MARKER_ETAG,
        moto_compat.DELETE_MARKER_SIZE,
    }
)


def lacks(name: MotoName) -> str:
    """What moto lacks of a name; empty if it has it."""
    try:
        owner = name.owner()
    except (ImportError, AttributeError) as error:
        return f"moto {version('moto')} lacks {name.module}: {name.path} ({error})"
    found = hasattr(owner, name.attribute)
    return "" if found else f"moto {version('moto')} lacks {name.module}: {name.path}"


@pytest.mark.parametrize("name", _NAMES, ids=lambda name: f"{name.module}:{name.path}")
def test_moto_has_the_name(name: MotoName) -> None:
    assert lacks(name) == ""


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        (
            MotoName("moto.events.models", "Rule.send_to_goals"),
            "lacks moto.events.models: Rule.send_to_goals",
        ),
        (MotoName("moto.events.models", "Ruler.send"), "has no attribute 'Ruler'"),
        (MotoName("moto.happenings.models", "Rule.send"), "No module named 'moto.happenings'"),
        (MotoName("moto.events.models", "Rule.send_to_targets"), ""),
    ],
)
def test_a_missing_name_is_told(name: MotoName, missing: str) -> None:
    assert missing in lacks(name)
    assert bool(lacks(name)) == bool(missing)


@pytest.mark.parametrize("name", moto_compat.PRIVATE_OF_OBJECTS, ids=lambda name: name.path)
def test_moto_sets_the_attribute_of_an_object(name: MotoName) -> None:
    assert f"self.{name.attribute}" in inspect.getsource(name.owner()), f"moto {version('moto')}: {name.path}"


def _imports() -> Iterator[tuple[str, str, str]]:
    for file in sorted(_FOLDER.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            place = f"{file.relative_to(_FOLDER)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "moto":
                yield from ((place, node.module or "", alias.name) for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from ((place, alias.name, "") for alias in node.names if alias.name.startswith("moto."))


def test_moto_has_what_the_files_import() -> None:
    lacking = []
    for place, module, name in _imports():
        try:
            found = (
                hasattr(importlib.import_module(module), name) if name else importlib.import_module(module)
            )
        except ImportError:
            found = False
        if not found:
            lacking.append(f"moto {version('moto')} lacks {module}: {name} ({place})")
    assert lacking == []


def test_only_this_module_names_what_moto_keeps_private() -> None:
    private = {name.attribute for name in (*moto_compat.PRIVATE, *moto_compat.PRIVATE_OF_OBJECTS)}
    elsewhere = [
        f"{file.relative_to(_FOLDER)}:{node.lineno}: {node.attr}"
        for file in sorted(_FOLDER.rglob("*.py"))
        if file.name != "moto_compat.py"
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in private
    ]
    assert elsewhere == []
    assert [found for found in _imports() if found[2].startswith("_")] == []


def _services(kind: type[Service] = Service) -> Iterator[type[Service]]:
    for below in kind.__subclasses__():
        if below.__module__.startswith("strata.") and Services is not below:
            yield below
            yield from _services(below)


def test_every_action_is_one_of_awss() -> None:
    session = boto3.session.Session(region_name="eu-west-1")
    unknown, count = [], 0
    for file in sorted(_FOLDER.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "action":
                service, name = (
                    argument.value for argument in node.args if isinstance(argument, ast.Constant)
                )
                count += 1
                known = session.client(service).meta.service_model.operation_names  # type: ignore[arg-type]
                if name not in known:
                    near = did_you_mean(name, known)
                    unknown.append(f"{file.name}:{node.lineno}: {service} has no action {name}: {near}")
    assert unknown == []
    assert count >= 30


def test_what_a_service_wraps_is_there() -> None:
    lacking = [
        f"{kind.__name__}.{method}: {told}"
        for kind in _services()
        for method, bindings in bindings_of(kind).items()
        for binding in bindings
        for name in binding.names
        if binding.wraps and (told := lacks(name))
    ]
    assert lacking == []


def test_backends_are_found_by_their_service() -> None:
    from moto.s3.models import s3_backends
    from moto.sns.models import sns_backends

    assert moto_compat.backends_of("moto.s3.models", "s3") is s3_backends
    assert moto_compat.backends_of("moto.sns.models", "sns") is sns_backends
    for module, service in (("moto.s3.models", "sns"), ("os", "s3"), ("motor.s3.models", "s3")):
        with pytest.raises(LookupError, match=f"^moto has no backends of {service} in {module}$"):
            moto_compat.backends_of(module, service)


@pytest.mark.parametrize(
    ("service", "action", "module", "path"),
    [
        ("glue", "CreateJob", "moto.glue.responses", "GlueResponse.create_job"),
        ("sts", "AssumeRoleWithWebIdentity", "moto.sts.responses", "TokenResponse.assume_role_with_web_identity"),
        ("sts", "GetCallerIdentity", "moto.sts.models", "STSBackend.get_caller_identity"),
        ("lambda", "Invoke", "moto.awslambda.models", "LambdaFunction.invoke"),
        ("s3", "PutObject", "moto.s3.responses", "S3Response.put_object"),
        ("dynamodb", "PutItem", "moto.dynamodb.models", "DynamoDBBackend.put_item"),
        ("dynamodb", "DeleteItem", "moto.dynamodb.models", "DynamoDBBackend.delete_item"),
        ("dynamodb", "UpdateItem", "moto.dynamodb.models", "DynamoDBBackend.update_item"),
        ("dynamodb", "TransactWriteItems", "moto.dynamodb.models", "DynamoDBBackend.transact_write_items"),
    ],
)  # fmt: skip
def test_what_carries_out_an_action(service: str, action: str, module: str, path: str) -> None:
    found = moto_compat.action_name(service, action)
    assert (found.module, found.path, found.attribute) == (module, path, path.rpartition(".")[2])
    assert found.owner().__name__ == path.partition(".")[0]


def test_no_state_is_left(aws: Aws) -> None:
    aws.bucket("raw")
    moto_compat.forget_state()
    assert not any(moto_compat.all_backends())
    assert aws.client("s3").list_buckets()["Buckets"] == []


def test_buckets_are_found_by_their_account_again(aws: Aws) -> None:
    from moto.s3.models import s3_backends

    aws.bucket("raw")
    s3_backends.bucket_accounts.clear()
    moto_compat.index_buckets()
    assert s3_backends.bucket_accounts == {"raw": ("aws", ACCOUNT)}
