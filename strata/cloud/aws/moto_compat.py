"""What Strata uses of moto beyond its public names: what it replaces, and what it reads of moto's inside.

moto promises none of these names. A new version of moto is checked against this file by
`tests/cloud/aws/test_moto_compat.py`, which says what that version lacks.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from datetime import UTC, datetime
from typing import Any, NamedTuple

from strata.errors import did_you_mean


class MotoName(NamedTuple):
    """An attribute of one of moto's modules or classes, such as `Rule.send_to_targets`.

    Held as text: importing moto's state language takes half a second, so only who uses it pays.
    """

    module: str
    path: str

    @property
    def attribute(self) -> str:
        """Return the last part of the path."""
        return self.path.rpartition(".")[2]

    def owner(self) -> Any:
        """Import the module; return it, or the class in it that has the attribute."""
        found: Any = importlib.import_module(self.module)
        for part in self.path.split(".")[:-1]:
            found = getattr(found, part)
        return found


# Where moto keeps the actions of a service: a method for each, its name the action's in lower case.
RESPONSES = {
    "cloudwatch": MotoName("moto.cloudwatch.responses", "CloudWatchResponse"),
    "dynamodb": MotoName("moto.dynamodb.responses", "DynamoHandler"),
    "events": MotoName("moto.events.responses", "EventsHandler"),
    "glue": MotoName("moto.glue.responses", "GlueResponse"),
    "iam": MotoName("moto.iam.responses", "IamResponse"),
    "lambda": MotoName("moto.awslambda.responses", "LambdaResponse"),
    "s3": MotoName("moto.s3.responses", "S3Response"),
    "scheduler": MotoName("moto.scheduler.responses", "EventBridgeSchedulerResponse"),
    "sns": MotoName("moto.sns.responses", "SNSResponse"),
    "sqs": MotoName("moto.sqs.responses", "SQSResponse"),
    "stepfunctions": MotoName("moto.stepfunctions.responses", "StepFunctionResponse"),
    "sts": MotoName("moto.sts.responses", "TokenResponse"),
}
# Makes what reads botocore's descriptions of services.
NEW_LOADER = MotoName("moto.core.utils", "create_loader")
_BACKEND = MotoName("moto.awslambda.models", "LambdaBackend")
_FUNCTION = MotoName("moto.awslambda.models", "LambdaFunction")
_TABLES = MotoName("moto.dynamodb.models", "DynamoDBBackend")
# Actions that are replaced below the response, which only reads the request and writes the answer.
BELOW_THE_RESPONSE = {
    ("dynamodb", "DeleteItem"): MotoName(_TABLES.module, "DynamoDBBackend.delete_item"),
    ("dynamodb", "PutItem"): MotoName(_TABLES.module, "DynamoDBBackend.put_item"),
    ("dynamodb", "TransactWriteItems"): MotoName(_TABLES.module, "DynamoDBBackend.transact_write_items"),
    ("dynamodb", "UpdateItem"): MotoName(_TABLES.module, "DynamoDBBackend.update_item"),
    ("events", "PutTargets"): MotoName("moto.events.models", "EventsBackend.put_targets"),
    ("lambda", "CreateFunction"): MotoName(_BACKEND.module, "LambdaBackend.create_function"),
    ("lambda", "DeleteFunction"): MotoName(_BACKEND.module, "LambdaBackend.delete_function"),
    ("lambda", "GetFunctionConfiguration"): MotoName(_FUNCTION.module, "LambdaFunction.get_configuration"),
    ("lambda", "Invoke"): MotoName(_FUNCTION.module, "LambdaFunction.invoke"),
    ("lambda", "PutFunctionEventInvokeConfig"): MotoName(
        _BACKEND.module, "LambdaBackend.put_function_event_invoke_config"
    ),
    ("lambda", "UpdateFunctionCode"): MotoName(_FUNCTION.module, "LambdaFunction.update_function_code"),
    ("lambda", "UpdateFunctionConfiguration"): MotoName(
        _FUNCTION.module, "LambdaFunction.update_configuration"
    ),
    ("s3", "GetBucketNotificationConfiguration"): MotoName(
        "moto.s3.responses", "S3Response.get_bucket_notification"
    ),
    ("stepfunctions", "CreateStateMachine"): MotoName(
        "moto.stepfunctions.parser.models", "StepFunctionsParserBackend.create_state_machine"
    ),
    ("stepfunctions", "StartExecution"): MotoName(
        "moto.stepfunctions.parser.models", "StepFunctionsParserBackend.start_execution"
    ),
    ("sts", "GetCallerIdentity"): MotoName("moto.sts.models", "STSBackend.get_caller_identity"),
}

ACCOUNT_OF_KEY = MotoName("moto.iam.models", "get_account_id_from")
ACCESS_KEY = MotoName("moto.core.responses", "BaseResponse.get_access_key")
DEFAULT_REGION = MotoName("moto.core.responses", "BaseResponse.default_region")
SERIALIZED = MotoName("moto.core.responses", "BaseResponse.serialized")
TAG_RESOURCE, UNTAG_RESOURCE, TAGS_OF_RESOURCE, LIST_TAGS = (
    MotoName("moto.utilities.tagging_service", f"TaggingService.{name}")
    for name in (
        "tag_resource",
        "untag_resource_using_names",
        "get_tag_dict_for_resource",
        "list_tags_for_resource",
    )
)
COMMON_ERROR_CODES = MotoName("moto.core.errors", "COMMON_ERROR_CODES")

BUCKET_PERMISSION = MotoName("moto.s3.models", "FakeBucket.get_permission")
BUCKET_LOGGING = MotoName("moto.s3.models", "FakeBucket.set_logging")
CREATE_BUCKET = MotoName("moto.s3.models", "S3Backend.create_bucket")
LIST_BUCKETS = MotoName("moto.s3.responses", "S3Response.all_buckets")
SET_ACCELERATION = MotoName("moto.s3.models", "FakeBucket.set_accelerate_configuration")
LOG_REQUEST = MotoName("moto.s3.models", "S3Backend.log_incoming_request")
PUT_BUCKET_VERSIONING = MotoName("moto.s3.models", "S3Backend.put_bucket_versioning")
SET_LIFECYCLE = MotoName("moto.s3.models", "FakeBucket.set_lifecycle")
GET_LIFECYCLE = MotoName("moto.s3.responses", "S3Response.get_bucket_lifecycle")
PUT_OBJECT_LOCK = MotoName("moto.s3.models", "S3Backend.put_object_lock_configuration")
GET_OF_BUCKET, PUT_TO_BUCKET = (
    MotoName("moto.s3.responses", f"S3Response._bucket_response_{verb}") for verb in ("get", "put")
)
PUT_TO_KEY, POST_TO_KEY = (
    MotoName("moto.s3.responses", f"S3Response._key_response_{verb}") for verb in ("put", "post")
)
TAG_TABLE, UNTAG_TABLE = (
    MotoName(_TABLES.module, f"{_TABLES.path}.{name}_resource") for name in ("tag", "untag")
)
DESCRIBE_TABLE = MotoName("moto.dynamodb.models.table", "Table.describe")
SEND_S3_EVENT = MotoName("moto.s3.notifications", "send_event")
QUOTE_S3_KEY = MotoName("moto.s3.notifications", "quote_plus")
SEND_EVENT_BRIDGE_MESSAGE = MotoName("moto.s3.notifications", "_send_event_bridge_message")
PUT_OBJECT = MotoName("moto.s3.models", "S3Backend.put_object")
DELETE_OBJECT = MotoName("moto.s3.models", "S3Backend.delete_object")
LIST_OBJECT_VERSIONS = MotoName("moto.s3.models", "S3Backend.list_object_versions")
COPY_OBJECT = MotoName("moto.s3.models", "S3Backend.copy_object")
UPLOAD_PART_COPY = MotoName("moto.s3.models", "S3Backend.upload_part_copy")
# An addition: moto calls it of any version of a key, and a delete marker lacks it.
DISPOSE_DELETE_MARKER = MotoName("moto.s3.models", "FakeDeleteMarker.dispose")
# Additions: moto's notifications read them of any version.
DELETE_MARKER_ETAG = MotoName("moto.s3.models", "FakeDeleteMarker.etag")
DELETE_MARKER_SIZE = MotoName("moto.s3.models", "FakeDeleteMarker.size")
SET_NOTIFICATIONS = MotoName("moto.s3.models", "FakeBucket.set_notification_configuration")
STORED_LISTS, STORED_ITERLISTS, STORED_ITEMS, STORED_ITERITEMS, STORED_VALUES, STORED_ITERVALUES = (
    MotoName("moto.s3.utils", f"_VersionedKeyStore.{name}")
    for name in ("lists", "iterlists", "items", "iteritems", "values", "itervalues")
)

PATTERN_MATCHES = MotoName("moto.events.models", "EventPattern.matches_event")
VALIDATE_PATTERN = MotoName("moto.events.models", "EventPatternParser._validate_event_pattern")
SEND_TO_TARGETS = MotoName("moto.events.models", "Rule.send_to_targets")
REPLAY_EVENTS = MotoName("moto.events.models", "Replay.replay_events")

# What tells moto the time; other modules have bound the function by its name.
UTC_NOW = tuple(
    MotoName(module, "utcnow")
    for module in (
        "moto.core.utils",
        "moto.cloudwatch.models",
        "moto.logs.models",
        "moto.scheduler.models",
        "moto.stepfunctions.models",
    )
)

# What takes the id of a key, and not its ARN.
CHANGES_OF_KEY = tuple(
    MotoName("moto.kms.models", f"KmsBackend.{name}")
    for name in ("disable_key", "enable_key", "cancel_key_deletion", "schedule_key_deletion")
)

QUEUE_ATTRIBUTES = MotoName("moto.sqs.models", "Queue.attributes")
QUEUE_ATTRIBUTE_NAMES = MotoName("moto.sqs.models", "Queue.BASE_ATTRIBUTES")
DELETE_MESSAGE = MotoName("moto.sqs.models", "Queue.delete_message")
RECEIVE_MESSAGE, HIDE_MESSAGE = (
    MotoName("moto.sqs.models", f"SQSBackend.{name}")
    for name in ("receive_message", "change_message_visibility")
)
SET_DEAD_LETTER_QUEUE = MotoName("moto.sqs.models", "Queue._setup_dlq")

INVOKE_BY_NAME = MotoName(_BACKEND.module, "LambdaBackend.invoke")
SET_FUNCTION_CODE = MotoName("moto.awslambda.models", "LambdaFunction._set_function_code")
CODE_IN_S3 = MotoName("moto.awslambda.models", "_validate_s3_bucket_and_key")

STEPFUNCTIONS_BACKEND = MotoName("moto.stepfunctions.responses", "get_backend")
VALIDATE_DEFINITION = MotoName(
    "moto.stepfunctions.parser.models", "StepFunctionsParserBackend._validate_definition"
)
NEW_MODEL = MotoName("moto.core.common_models", "BaseModel.__new__")
LOG_EVENT = MotoName("moto.logs.models", "LogEvent")
START_OF_EXECUTION = MotoName("moto.stepfunctions.parser.backend.execution", "Execution.start")
MAKING_OF_EXECUTION = MotoName("moto.stepfunctions.parser.backend.execution", "Execution.__init__")
HISTORY_OF_EXECUTION = MotoName("moto.stepfunctions.parser.backend.execution", "Execution.to_history_output")
REFLECT_STATUS = MotoName(
    "moto.stepfunctions.parser.backend.execution",
    "BaseExecutionWorkerCommunication._reflect_execution_status",
)
_ASL = "moto.stepfunctions.parser.asl"
_TASK = f"{_ASL}.component.state.exec.state_task"
EVAL_CREDENTIALS = MotoName(f"{_TASK}.state_task", "StateTask._eval_state_credentials")
AFTER_TASK = MotoName(f"{_TASK}.service.state_task_service", "StateTaskService._after_eval_execution")
AFTER_SUBMITTED_TASK = MotoName(
    f"{_TASK}.service.state_task_service_callback", "StateTaskServiceCallback._after_eval_execution"
)
FAILED_ENTRIES = MotoName(f"{_TASK}.service.state_task_service_events", "SfnFailedEntryCountException")
NEW_ENVIRONMENT = MotoName(
    "moto.stepfunctions.parser.backend.execution_worker", "ExecutionWorker._get_evaluation_environment"
)
AWAIT_GLUE_RUN = MotoName(
    f"{_TASK}.service.state_task_service_glue", "StateTaskServiceGlue._eval_integration_pattern"
)
GLUE_ABNORMAL_STATES = MotoName(
    f"{_TASK}.service.state_task_service_glue", "_JOB_RUN_STATE_ABNORMAL_TERMINAL_VALUE"
)
GLUE_TERMINAL_STATES = MotoName(f"{_TASK}.service.state_task_service_glue", "_JOB_RUN_STATE_TERMINAL_VALUES")
CALL_SDK = MotoName(
    f"{_TASK}.service.state_task_service_aws_sdk", "StateTaskServiceAwsSdk._eval_service_task"
)
SDK_ERROR_PREFIX = MotoName(
    f"{_TASK}.service.state_task_service_aws_sdk", "StateTaskServiceAwsSdk._normalise_service_error_name"
)
NESTED_PARAMETERS = MotoName(
    f"{_TASK}.service.state_task_service_sfn", "StateTaskServiceSfn._normalise_parameters"
)
NESTED_RESPONSE = MotoName(
    f"{_TASK}.service.state_task_service_sfn", "StateTaskServiceSfn._normalise_response"
)
_STATE = f"{_ASL}.component.state"
_ITERATION = f"{_STATE}.exec.state_map.iteration"
RUN_MAP = MotoName(
    f"{_ITERATION}.distributed_iteration_component", "DistributedIterationComponent._eval_body"
)
RUN_ITERATION = MotoName(f"{_ITERATION}.iteration_worker", "IterationWorker._eval_job")
ENTER_STATE, STATE_INPUT = (
    MotoName(f"{_STATE}.state", f"CommonStateField.{name}") for name in ("_eval_body", "_eval_state_input")
)
RUN_PROGRAM, PROGRAM_STATES = (
    MotoName(f"{_ASL}.component.program.program", f"Program.{name}") for name in ("eval", "_eval_body")
)
OPEN_FRAMES = tuple(
    MotoName(f"{_ASL}.eval.environment", f"Environment.open_{kind}frame") for kind in ("", "inner_")
)
ADD_EVENT = MotoName(f"{_ASL}.eval.event.event_manager", "EventManager.add_event")
# A property.
HEAP_KEY = MotoName(f"{_ASL}.component.eval_component", "EvalComponent.heap_key")
PARSE_DEFINITION = MotoName(f"{_ASL}.parse.asl_parser", "AmazonStateLanguageParser.parse")
DESCRIBE_MACHINE = MotoName("moto.stepfunctions.models", "StepFunctionBackend.describe_state_machine")
DESCRIBE_EXECUTION = MotoName("moto.stepfunctions.models", "StepFunctionBackend.describe_execution")
DESCRIBE_MAP_RUN, LIST_MAP_RUNS = (
    MotoName("moto.stepfunctions.parser.models", f"StepFunctionsParserBackend.{name}_map_run{end}")
    for name, end in (("describe", ""), ("list", "s"))
)
_STRINGS = f"{_ASL}.component.common.string.string_expression"
NEW_PREPROCESSOR = MotoName(f"{_ASL}.parse.preprocessor", "Preprocessor.__init__")
TEXT_OF = MotoName(f"{_ASL}.parse.preprocessor", "Preprocessor._inner_string_of")
EVAL_JSONATA = MotoName(_STRINGS, "StringJSONata._eval_body")
EVAL_VARIABLE = MotoName(_STRINGS, "StringVariableSample._eval_body")
_COMMON = f"{_ASL}.component.common"
# What holds expressions: fields of a state, and the members of their templates.
EXPRESSION_FIELDS = (
    MotoName(f"{_COMMON}.outputdecl", "Output._eval_body"),
    MotoName(f"{_COMMON}.parargs", "Parargs._eval_body"),
    MotoName(f"{_COMMON}.assign.assign_decl", "AssignDecl._eval_body"),
)
TEMPLATE_MEMBERS = (
    MotoName(f"{_COMMON}.jsonata.jsonata_template_binding", "JSONataTemplateBinding._eval_body"),
    MotoName(f"{_COMMON}.assign.assign_template_binding", "AssignTemplateBinding._eval_body"),
)
_EXTRACT = MotoName(f"{_ASL}.utils.json_path", "extract_json")
WAIT_INTERVAL = MotoName(f"{_STATE}.wait.wait_function.wait_function", "WaitFunction._wait_interval")
# Modules of the engine that ask the standard library for the time.
TIMED_MODULES = tuple(
    MotoName(module, "datetime")
    for module in (
        "moto.stepfunctions.parser.models",
        f"{_STATE}.state",
        f"{_STATE}.wait.wait_function.timestamp",
        f"{_ITERATION}.itemprocessor.map_run_record",
        f"{_ASL}.eval.event.event_manager",
    )
)
RETRY = MotoName(f"{_ASL}.component.common.retry.retrier_decl", "RetrierDecl._eval_body")
SET_ERROR = MotoName(f"{_ASL}.eval.environment", "Environment.set_error")
THREADING_OF_ENVIRONMENT = MotoName(f"{_ASL}.eval.environment", "threading")
_SDK_CLIENT = MotoName(f"{_TASK}.service.state_task_service_aws_sdk", "boto_client_for")

# Read or called, not replaced; each has a function below.
PRIVATE = (
    MotoName("moto.core.base_backend", "BackendDict._instances"),
    MotoName("moto.core.responses", "BaseResponse._get_action"),
    MotoName("moto.core.responses", "BaseResponse._get_int_param"),
    MotoName("moto.core.responses", "BaseResponse._get_param"),
    MotoName("moto.dynamodb.models.table", "Table._get_default_encryption_key"),
    MotoName("moto.events.models", "EventsBackend._normalize_event_bus_arn"),
    MotoName("moto.s3.notifications", "_detail_type"),
    MotoName("moto.s3.notifications", "_get_s3_event"),
    MotoName("moto.stepfunctions.models", "StepFunctionBackend._validate_name"),
    MotoName("moto.stepfunctions.parser.models", "StepFunctionsParserBackend._revision_by_name"),
    MotoName(
        f"{_TASK}.service.state_task_service_aws_sdk", "StateTaskServiceAwsSdk._get_boto_service_action"
    ),
    MotoName(f"{_TASK}.service.state_task_service_aws_sdk", "StateTaskServiceAwsSdk._get_boto_service_name"),
    MotoName(f"{_TASK}.service.state_task_service_glue", "StateTaskServiceGlue._build_sync_resolver"),
    MotoName(f"{_TASK}.service.state_task_service_glue", "StateTaskServiceGlue._get_glue_client"),
)
# Set when an object is made, so its class does not have them.
PRIVATE_OF_OBJECTS = (
    MotoName(f"{_ASL}.eval.environment", "Environment._program_state"),
    MotoName(f"{_ASL}.eval.event.logging", "CloudWatchLoggingSession._logs_client"),
    MotoName("moto.stepfunctions.parser.backend.execution", "Execution._cloud_watch_logging_session"),
)


def action_name(service: str, action: str) -> MotoName:
    """Return what moto carries an action out with.

    Args:
        service: botocore's name of the service, such as `stepfunctions`.
        action: AWS's name of the action, such as `StartExecution`.

    Raises:
        LookupError: `RESPONSES` does not have the service.
    """
    below = BELOW_THE_RESPONSE.get((service, action))
    if below is not None:
        return below
    # Imported here: the table above must be readable without moto.
    from moto.core.utils import camelcase_to_underscores

    response = RESPONSES.get(service)
    if response is None:
        raise LookupError(
            f"{service}:{action}: `{service}` is not among RESPONSES of strata/cloud/aws/moto_compat.py, "
            f"which have botocore's names of services: {did_you_mean(service, RESPONSES)}"
        )
    return MotoName(response.module, f"{response.path}.{camelcase_to_underscores(action)}")


def postpone_batch() -> None:
    """Let the package `moto.batch` load its backends when they are asked for, not when it is imported.

    moto's state language takes a list of words from `moto.batch.utils`. With the package it would load EC2
    and its types of instances: a second of CPU and 85 MiB, in each cloud that has a state machine.
    """
    name = "moto.batch"
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    assert spec is not None, "moto has AWS Batch"
    package = importlib.util.module_from_spec(spec)

    def load(attribute: str) -> Any:
        if attribute != "batch_backends":
            raise AttributeError(attribute)
        from moto.batch.models import batch_backends

        return batch_backends

    vars(package)["__getattr__"] = load
    sys.modules[name] = package


def now() -> datetime:
    """Return the time as moto tells it, in UTC: that of the cloud's clock, while a cloud runs."""
    from moto.core import utils

    return utils.utcnow().replace(tzinfo=UTC)


def all_backends() -> list[Any]:
    """Return moto's dictionaries of backends, of which each service has one."""
    from moto.core.base_backend import BackendDict

    return list(BackendDict._instances)  # type: ignore[misc]


def backends_of(module: str, service: str) -> Any:
    """Return moto's dictionary of the backends of a service.

    Args:
        module: where the backend's class is, such as `moto.s3.models`.
        service: moto's name of the service.

    Raises:
        LookupError: the installed moto does not have it.
    """
    from moto.core.base_backend import BackendDict

    if module.partition(".")[0] == "moto":
        for found in vars(importlib.import_module(module)).values():
            if isinstance(found, BackendDict) and found.service_name == service:
                return found
    raise LookupError(f"moto has no backends of {service} in {module}")


def index_buckets() -> None:
    """Let moto find each bucket's account again, which it notes beside the backends."""
    from moto.s3.models import s3_backends

    s3_backends.bucket_accounts = {
        name: (partition, account)
        for account, partitions in s3_backends.items()
        for partition, backend in partitions.items()
        for name in backend.buckets
    }


def forget_state() -> None:
    """Forget all that moto keeps."""
    from moto.core.base_backend import BackendDict
    from moto.core.model_instances import reset_model_data
    from moto.s3.models import s3_backends

    # Not BackendDict.reset(), which builds every backend anew before it forgets it (IAM: a second for AWS's
    # own policies). Only S3 holds more than memory: files of large objects.
    for account in s3_backends.values():
        account.reset()
    for backends in all_backends():
        backends.clear()
    BackendDict._instances.clear()  # type: ignore[misc]
    reset_model_data()


def parameter(response: Any, name: str) -> Any:
    """Return a parameter of the request that a response answers, or None."""
    return response._get_param(name)


def int_parameter(response: Any, name: str) -> int | None:
    """Return a whole number among the parameters of a request, or None."""
    found: int | None = response._get_int_param(name)
    return found


def default_table_key(table: Any) -> str:
    """Return the ARN of the key that AWS keeps for an account's tables."""
    return str(table._get_default_encryption_key(table.account_id, table.region_name))


def requested_action(response: Any) -> str:
    """Return AWS's name of the action that a response answers."""
    return str(response._get_action())


def events_bus(backend: Any, name_or_arn: str | None) -> Any:
    """Return an event bus by its name or ARN (the default one of none), or None."""
    return backend.event_buses.get(backend._normalize_event_bus_arn(name_or_arn))


def send_s3_event(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
    """Send an event of a bucket to whomever its notification configuration names."""
    import moto.s3.notifications as s3_notifications

    s3_notifications.send_event(account_id, event_name, bucket, key)


def s3_message(event_name: Any, bucket: Any, key: Any, configuration: str) -> dict[str, Any]:
    """Return the message of an event of S3 to a queue, for a configuration by its id."""
    import moto.s3.notifications as s3_notifications

    return s3_notifications._get_s3_event(event_name, bucket, key, configuration)


def s3_detail_type(event_name: Any) -> str:
    """Return the `detail-type` of an event of S3, such as `Object Created`."""
    import moto.s3.notifications as s3_notifications

    return str(s3_notifications._detail_type(event_name))


def check_execution_name(backend: Any, name: str) -> None:
    """Raise moto's InvalidName unless an execution may be called so."""
    backend._validate_name(name)


def machine_of_name(backend: Any, name: str) -> Any:
    """Return the state machine of this name, or None."""
    return backend._revision_by_name(name)


def has_begun(environment: Any) -> bool:
    """Return whether an execution's environment evaluates a state already."""
    return environment._program_state is not None


def log_to(execution: Any, session: Any) -> None:
    """Let an execution log to a session, or to none."""
    execution._cloud_watch_logging_session = session


def logs_of(session: Any) -> Any:
    """Return the backend of CloudWatch Logs that a logging session writes to."""
    return session._logs_client


def glue_resolver(task: Any, env: Any, resource: Any, parameters: Any, credentials: Any) -> Any:
    """Return the function that asks whether a task's Glue run has ended."""
    return task._build_sync_resolver(env, resource, parameters, credentials)


def glue_client(task: Any, resource: Any, credentials: Any) -> Any:
    """Return the boto3 client of a task that runs Glue."""
    return task._get_glue_client(resource, credentials)


def sdk_call(task: Any, region: str, credentials: Any) -> tuple[Any, str]:
    """Return the boto3 client of an SDK task, and the client's method that the task calls."""
    # Looked up at each call: the function is replaced in this module, too.
    client_for = vars(_SDK_CLIENT.owner())[_SDK_CLIENT.attribute]
    client = client_for(service=task._get_boto_service_name(), region=region, state_credentials=credentials)
    return client, str(task._get_boto_service_action())


def forget_query_language(preprocessor: Any) -> None:
    """Let a preprocessor begin without the query languages that others of its class met."""
    preprocessor._query_language_per_scope = []


def states_data(states: Any) -> Any:
    """Return what `$states` is in JSONata."""
    return {name: value for name, value in states._states_data.items() if value is not None}


def assigned(store: Any) -> dict[str, Any]:
    """Return the variables of an execution's scope by name."""
    return {**store._outer_scope, **store._inner_scope}


def split_variable(reference: str) -> tuple[str, str]:
    """Return the name of a variable, and the path below it, of a reference such as `$orders[0].id`."""
    found = re.match(r"\$([^.\[]+)", reference)
    assert found is not None, "the parser takes no other reference"
    return found[1], reference[found.end() :]


def field_of(component: Any) -> str:
    """Return the name of the field that a component of the parser holds, such as `Output`."""
    name = type(component).__name__
    return "Arguments" if name.startswith("Arguments") else name.removesuffix("Decl")


def path_readers() -> list[MotoName]:
    """Return where the engine finds the function that reads paths: each module imports it by name."""
    _EXTRACT.owner()
    return [
        MotoName(name, _EXTRACT.attribute)
        for name, module in list(sys.modules.items())
        if name.startswith(f"{_ASL}.") and _EXTRACT.attribute in vars(module)
    ]


def map_runs_of(execution: Any) -> Any:
    """Return the Map runs of an execution; None before its first state is evaluated."""
    environment = getattr(execution.exec_worker, "env", None)
    return environment and environment.map_run_record_pool_manager


def drop_map_run(pool: Any, run: Any) -> None:
    """Take a Map Run that does not begin out of those of its execution."""
    pool._pool.pop(run.map_run_arn)


def iteration_program(component: Any) -> Any:
    """Return the program that a Map's children evaluate."""
    return component._get_iteration_program()


def states_of(program: Any) -> dict[str, Any]:
    """Return the states, by name, of what the parser made of a machine or of one inside a state."""
    found = program.states if hasattr(program, "states") else program._states
    return dict(found.states)


def programs_in(state: Any) -> list[Any]:
    """Return what the parser made of the machines inside a state: a Map has one, Parallel its branches."""
    if hasattr(state, "iteration_component"):
        return [state.iteration_component]
    return list(state.branches.programs) if hasattr(state, "branches") else []


def branch_of(program: Any) -> int | None:
    """Return which branch of a Parallel state a program is, if it is one; `map_fields` numbers them."""
    number: int | None = getattr(program, "branch", None)
    return number


def parse_machine(definition: str) -> Any:
    """Return the program of a definition."""
    return PARSE_DEFINITION.owner().parse(definition)[0]


def end(environment: Any) -> None:
    """Let an environment have ended with success."""
    from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded

    environment._program_state = ProgramEnded()


def own_variables(environment: Any) -> dict[str, Any]:
    """Return the variables that an environment's program assigned itself."""
    found: dict[str, Any] = environment.variable_store._inner_scope
    return found


def set_own_variables(environment: Any, variables: dict[str, Any]) -> None:
    """Give an environment's program its variables back."""
    environment.variable_store._inner_scope.update(variables)


def made_with(execution: Any) -> tuple[Any, ...]:
    """Return what a worker that evaluates an execution is made with."""
    made = execution._get_start_execution_worker()
    session, activities = made._cloud_watch_logging_session, made._activity_store
    return made._evaluation_details, made._execution_communication, session, activities


def continue_history(manager: Any, earlier: Any) -> int:
    """Let the events of an execution follow those of an earlier attempt; return the last one's id."""
    manager._history_event_list.extend(earlier.get_event_history())
    last = len(manager._history_event_list)
    manager._event_id_gen._next_id = last + 1
    return last


def forget_ended_threads() -> None:
    """Drop the engine's threads that have ended: it keeps every one."""
    from moto.stepfunctions.parser.utils import TMP_THREADS

    TMP_THREADS[:] = [thread for thread in list(TMP_THREADS) if thread.is_alive()]


def run_worker(worker: Any) -> None:
    """Evaluate an execution in this thread."""
    worker._execution_logic()


def task_clients() -> list[MotoName]:
    """Return where tasks find the function that makes their boto3 clients: each module imports it by name."""
    return [
        MotoName(name, _SDK_CLIENT.attribute)
        for name, module in list(sys.modules.items())
        if name.startswith("moto.stepfunctions.parser.") and _SDK_CLIENT.attribute in vars(module)
    ]
