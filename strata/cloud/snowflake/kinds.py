"""One record per kind of object, for the catalogue, the statements and the grants.

Source: Snowflake's SQL reference and its access-control reference. A new kind needs a record here, a class in
`catalog.py`, a module in `statements`, and an entry in `dispatch.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from strata.cloud.snowflake.property_values import BOOL, GROUP, INT, LIST, SIZES, TEXT, Option, Size

# Number of parts of a qualified name, by the container.
_DEPTHS = {"ACCOUNT": 1, "DATABASE": 2, "SCHEMA": 3}


@dataclass(frozen=True)
class Kind:
    """A kind of object.

    Args:
        name: as GRANT and error messages write it.
        container: ACCOUNT, DATABASE or SCHEMA.
        collection: the container's dictionary that holds its objects; kinds that share one share its names.
        columns: the columns of SHOW, separated by spaces.
        own_privileges: what can be granted on it besides OWNERSHIP and the creation of objects in it.
        phrases: its keywords in statements, CREATE's first (default: the name).
        label: its name in the result of CREATE (default: the name).
        creation_granted: whether its container has a privilege to create it.
        public: whether every role sees its objects.
        properties: those of CREATE and ALTER, besides COMMENT and Snowflake's parameters.
    """

    name: str
    container: str
    collection: str
    columns: str
    own_privileges: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    label: str = ""
    creation_granted: bool = True
    public: bool = False
    properties: Mapping[str, Option] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "phrases", self.phrases or (self.name,))
        object.__setattr__(self, "label", self.label or self.name.capitalize())

    @property
    def depth(self) -> int:
        """The number of parts of a qualified name."""
        return _DEPTHS[self.container]

    @property
    def plural(self) -> str:
        """The keyword of GRANT ... ON ALL and ON FUTURE."""
        return _plural(self.name)

    @property
    def shown_as(self) -> tuple[str, ...]:
        """The keywords of SHOW."""
        return tuple(_plural(phrase) for phrase in self.phrases)

    @property
    def in_database(self) -> bool:
        """Whether its objects are databases or in one."""
        return self.name == "DATABASE" or self.container != "ACCOUNT"


def _plural(phrase: str) -> str:
    """Return a keyword's plural: MASKING POLICIES, STAGES."""
    return f"{phrase[:-1]}IES" if phrase.endswith("Y") else f"{phrase}S"


_ALL = (
    Kind(
        name="USER",
        container="ACCOUNT",
        collection="users",
        columns=(
            "name created_on login_name display_name first_name last_name email mins_to_unlock "
            "days_to_expiry comment disabled must_change_password snowflake_lock default_warehouse "
            "default_namespace default_role default_secondary_roles ext_authn_duo ext_authn_uid "
            "mins_to_bypass_mfa owner last_success_login expires_at_time locked_until_time "
            "has_password has_rsa_public_key type has_mfa has_workload_identity"
        ),
        own_privileges=("MONITOR",),
        properties={
            "PASSWORD": TEXT,
            "LOGIN_NAME": TEXT,
            "DISPLAY_NAME": TEXT,
            "FIRST_NAME": TEXT,
            "LAST_NAME": TEXT,
            "EMAIL": TEXT,
            "TYPE": Option("word", None, ("PERSON", "SERVICE", "LEGACY_SERVICE")),
            "MUST_CHANGE_PASSWORD": Option("bool", False),
            "DISABLED": Option("bool", False),
            "DAYS_TO_EXPIRY": INT,
            "MINS_TO_UNLOCK": INT,
            "DEFAULT_WAREHOUSE": TEXT,
            "DEFAULT_NAMESPACE": TEXT,
            "DEFAULT_ROLE": TEXT,
            "DEFAULT_SECONDARY_ROLES": LIST,
            "RSA_PUBLIC_KEY": TEXT,
            "RSA_PUBLIC_KEY_2": TEXT,
            "WORKLOAD_IDENTITY": GROUP,
        },
    ),
    Kind(
        name="ROLE",
        container="ACCOUNT",
        collection="roles",
        columns=(
            "created_on name is_default is_current is_inherited assigned_to_users granted_to_roles "
            "granted_roles owner comment"
        ),
        public=True,
    ),
    Kind(
        name="WAREHOUSE",
        container="ACCOUNT",
        collection="warehouses",
        columns=(
            "name state type size min_cluster_count max_cluster_count started_clusters running queued "
            "is_default is_current auto_suspend auto_resume available provisioning quiescing other "
            "created_on resumed_on updated_on owner comment enable_query_acceleration "
            "query_acceleration_max_scale_factor resource_monitor actives pendings failed suspended "
            "uuid scaling_policy owner_role_type resource_constraint generation"
        ),
        own_privileges=(
            "APPLYBUDGET",
            "MODIFY",
            "MONITOR",
            "OPERATE",
            "USAGE",
        ),
        properties={
            "WAREHOUSE_TYPE": Option("word", "STANDARD", ("STANDARD", "SNOWPARK-OPTIMIZED")),
            "WAREHOUSE_SIZE": Size("word", "X-Small", SIZES),
            "MAX_CLUSTER_COUNT": Option("int", 1),
            "MIN_CLUSTER_COUNT": Option("int", 1),
            "SCALING_POLICY": Option("word", "STANDARD", ("STANDARD", "ECONOMY")),
            "AUTO_SUSPEND": Option("int", 600),
            "AUTO_RESUME": Option("bool", True),
            "INITIALLY_SUSPENDED": Option("bool", False),
            "RESOURCE_MONITOR": Option("text", None),
            "ENABLE_QUERY_ACCELERATION": Option("bool", False),
            "QUERY_ACCELERATION_MAX_SCALE_FACTOR": Option("int", 8),
            "GENERATION": Option("word", None, ("1", "2")),
            "RESOURCE_CONSTRAINT": Option("text", None),
        },
    ),
    Kind(
        name="INTEGRATION",
        container="ACCOUNT",
        collection="integrations",
        columns="name type category enabled comment created_on",
        own_privileges=(
            "USAGE",
            "USE_ANY_ROLE",
        ),
        phrases=("STORAGE INTEGRATION", "INTEGRATION"),
        properties={
            "TYPE": Option("word", None, ("EXTERNAL_STAGE",)),
            "STORAGE_PROVIDER": Option("word", None, ("S3", "S3CHINA", "S3GOV")),
            "STORAGE_AWS_ROLE_ARN": TEXT,
            "STORAGE_AWS_EXTERNAL_ID": TEXT,
            "STORAGE_AWS_OBJECT_ACL": TEXT,
            "ENABLED": BOOL,
            "STORAGE_ALLOWED_LOCATIONS": LIST,
            "STORAGE_BLOCKED_LOCATIONS": LIST,
            "USE_PRIVATELINK_ENDPOINT": Option("bool", False),
        },
    ),
    Kind(
        name="RESOURCE MONITOR",
        container="ACCOUNT",
        collection="resource_monitors",
        columns=(
            "name credit_quota used_credits remaining_credits level frequency start_time end_time "
            "notify_at suspend_at suspend_immediately_at created_on owner comment notify_users"
        ),
        own_privileges=(
            "MODIFY",
            "MONITOR",
        ),
        creation_granted=False,
        properties={
            "CREDIT_QUOTA": INT,
            "FREQUENCY": Option("word", "MONTHLY", ("MONTHLY", "DAILY", "WEEKLY", "YEARLY", "NEVER")),
            "START_TIMESTAMP": TEXT,
            "END_TIMESTAMP": TEXT,
            "NOTIFY_USERS": LIST,
        },
    ),
    Kind(
        name="DATABASE",
        container="ACCOUNT",
        collection="databases",
        columns=(
            "created_on name is_default is_current origin owner comment options retention_time kind "
            "owner_role_type"
        ),
        own_privileges=(
            "APPLYBUDGET",
            "CREATE DATABASE ROLE",
            "MODIFY",
            "MONITOR",
            "USAGE",
        ),
    ),
    Kind(
        name="SCHEMA",
        container="DATABASE",
        collection="schemas",
        columns=(
            "created_on name is_default is_current database_name owner comment options retention_time "
            "owner_role_type"
        ),
        own_privileges=(
            "ADD SEARCH OPTIMIZATION",
            "APPLYBUDGET",
            "MODIFY",
            "MONITOR",
            "USAGE",
        ),
    ),
    Kind(
        name="TABLE",
        container="SCHEMA",
        collection="relations",
        columns="created_on name database_name schema_name kind comment owner owner_role_type",
        own_privileges=(
            "APPLYBUDGET",
            "DELETE",
            "EVOLVE SCHEMA",
            "INSERT",
            "REFERENCES",
            "SELECT",
            "TRUNCATE",
            "UPDATE",
        ),
    ),
    Kind(
        name="VIEW",
        container="SCHEMA",
        collection="relations",
        columns=(
            "created_on name reserved database_name schema_name owner comment text is_secure "
            "is_materialized owner_role_type"
        ),
        own_privileges=(
            "REFERENCES",
            "SELECT",
        ),
    ),
    Kind(
        name="EXTERNAL TABLE",
        container="SCHEMA",
        collection="relations",
        columns=(
            "created_on name database_name schema_name invalid invalid_reason owner comment stage "
            "location file_format_name file_format_type cloud region notification_channel "
            "last_refreshed_on table_format last_refresh_details owner_role_type"
        ),
        own_privileges=(
            "REFERENCES",
            "SELECT",
        ),
        label="Table",
        properties={
            "LOCATION": Option("stage"),
            "FILE_FORMAT": GROUP,
            "AUTO_REFRESH": Option("bool", True),
            "REFRESH_ON_CREATE": Option("bool", True),
            "PATTERN": TEXT,
            "TABLE_FORMAT": TEXT,
            "PARTITION_TYPE": Option("word", None, ("USER_SPECIFIED",)),
            "AWS_SNS_TOPIC": TEXT,
        },
    ),
    Kind(
        name="STAGE",
        container="SCHEMA",
        collection="stages",
        columns=(
            "created_on name database_name schema_name url has_credentials has_encryption_key owner "
            "comment region type cloud storage_integration endpoint owner_role_type directory_enabled"
        ),
        own_privileges=(
            "READ",
            "USAGE",
            "WRITE",
        ),
        label="Stage area",
        properties={
            "URL": TEXT,
            "STORAGE_INTEGRATION": TEXT,
            "FILE_FORMAT": Option("group", {"TYPE": "CSV"}),
            "DIRECTORY": GROUP,
            "ENCRYPTION": GROUP,
            "USE_PRIVATELINK_ENDPOINT": Option("bool", False),
        },
    ),
    Kind(
        name="FILE FORMAT",
        container="SCHEMA",
        collection="file_formats",
        columns=(
            "created_on name database_name schema_name type owner comment format_options owner_role_type"
        ),
        own_privileges=("USAGE",),
    ),
)
KINDS = {kind.name: kind for kind in _ALL}
_ACCOUNT_PRIVILEGES = (
    "EXECUTE TASK",
    "MANAGE GRANTS",
    "MANAGE WAREHOUSES",
    "MONITOR",
    "MONITOR EXECUTION",
    "MONITOR USAGE",
)


def contained_in(container: str) -> tuple[Kind, ...]:
    """Return the kinds whose container is the ACCOUNT, a DATABASE or a SCHEMA."""
    return tuple(kind for kind in _ALL if kind.container == container)


def privileges(name: str) -> tuple[str, ...]:
    """Return the privileges on an object of a kind, or on the ACCOUNT, without OWNERSHIP."""
    own = _ACCOUNT_PRIVILEGES if name == "ACCOUNT" else KINDS[name].own_privileges
    creations = [f"CREATE {kind.name}" for kind in contained_in(name) if kind.creation_granted]
    return tuple(sorted([*own, *creations]))


def depth(name: str) -> int:
    """Return the number of parts of a qualified name; OBJECT stands for any relation."""
    return 3 if name == "OBJECT" else KINDS[name].depth
