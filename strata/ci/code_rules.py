"""What a change may not bring to a credentialed step unseen: code that runs while Terraform only plans.

A plan runs whatever the change brings: an `external` data source, a provider, a hook, `run_cmd`, a
provisioner, the workflows and this package itself (https://www.runatlantis.io/docs/security.html). Each file
is compared as it was and as it is; nothing of the change is run or evaluated for that.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from strata.ci.git import CommitRange
from strata.ci.json_providers import BUILT_IN, TYPED_BLOCKS, json_providers
from strata.errors import StrataError
from strata.hcl.syntax import Block, Expression, Node, compact, normal, parse
from strata.hcl.values import elements, key_of, string_value
from strata.live.discovery import LOCK_FILE

_CODE_DATA = {"aws_lambda_invocation", "external", "http", "terraform_remote_state"}
# The first two run any statement, and their query each time that Terraform plans; the others a function, a
# script or another template as soon as Terraform applies.
_CODE_RESOURCES = {
    *("snowflake_execute", "snowflake_unsafe_execute"),
    *(
        "aws_cloudformation_stack",
        "aws_cloudformation_stack_set",
        "aws_lambda_invocation",
        "aws_ssm_association",
    ),
}
# Every edit of one counts: what it says is run, decides what is, or whom a token is sent to.
_RUN_BLOCKS = (
    *(
        "after_hook",
        "backend",
        "before_hook",
        "cloud",
        "encryption",
        "engine",
        "error_hook",
        "errors",
        "exclude",
    ),
    *("extra_arguments", "feature", "generate", "provider", "provider_meta", "provisioner", "remote_state"),
)
_RUN_ATTRIBUTES = re.compile(
    r"download_dir|engine|errors|exclude|feature|generate|iam_\w+|remote_state|retry\w+|skip|terraform_binary"
)
# Where Terragrunt and Terraform may read code from: files that this gate reads too, and what env.hcl names.
# All are compared with the text without layout and comments.
_RELEASE = r"\$\{local\.env\.modules\}/[\w-]+\?ref=[\w-]+/\$\{local\.version\}"
_SOURCE = rf'"(\.\.?/[\w-]+|\$\{{get_repo_root\(\)\}}/modules//[\w-]+|{_RELEASE})"'
_LOCAL_SOURCE = re.compile(rf'([\w.]+=="[\w-]+"\?)?{_SOURCE}(:{_SOURCE})?')
_HCL_FILE = r'"[^"]+\.hcl"|find_in_parent_folders\("[^"]+\.hcl"\)'
_LOCAL_FILE = re.compile(_HCL_FILE)
_READ_CONFIG = re.compile(rf"read_terragrunt_config\(({_HCL_FILE})\)")
_SIBLING = re.compile(r'"\.\./[\w-]+"|\[("\.\./[\w-]+",?)*\]')
_NEVER = re.compile(r"(?!)")
_NOT_APPLIED = re.compile(r'\[("(init|validate|plan|show|graph|providers|render)",?)*\]')
_FROM_ELSEWHERE = ("source", _LOCAL_SOURCE, "module from elsewhere")
# Block -> attribute, what it may be, and what it is else.
_PLACES = {
    **dict.fromkeys(("module", "stack", "terraform", "unit"), (_FROM_ELSEWHERE,)),
    "terraform": (
        _FROM_ELSEWHERE,
        ("copy_terraform_lock_file", re.compile("true"), "a lock file that is left out"),
        ("exclude_from_copy", _NEVER, "files of a module that are left out"),
        ("include_in_copy", _NEVER, "files that are added to a module"),
    ),
    "dependency": (
        ("config_path", _SIBLING, "dependency outside the environment"),
        ("mock_outputs_allowed_terraform_commands", _NOT_APPLIED, "mocks that may be applied"),
        ("mock_outputs_merge_strategy_with_state", _NEVER, "mocks beside real outputs"),
        ("mock_outputs_merge_with_state", _NEVER, "mocks beside real outputs"),
        ("skip_outputs", re.compile("false"), "mocks instead of real outputs"),
    ),
    "dependencies": (("paths", _SIBLING, "dependency outside the environment"),),
    "include": (("path", _LOCAL_FILE, "configuration out of another file than .hcl"),),
}
# Calls that run something, or tell what the job knows: a for_each key of it would be shown.
_RUN_CALLS = re.compile(r"run_cmd|get_env|sops_decrypt_file|get_aws_\w+|read_tfvars_file")
_FILE_CALLS = re.compile(r"file\w*|templatefile")
_OWN_FILE = re.compile(r'\w+\("\$\{path\.module\}/[\w-]+(\.[\w-]+|/[\w-]+)*(?<!\.md)"[,)].*', re.DOTALL)
# What Terragrunt makes a file of: a value that is decoded or escaped can end the text that it is put into.
_DECODING_CALLS = re.compile(r"\w+decode|textdecodebase64|templatestring")
# A tab may stand for its own escape.
_ESCAPED = re.compile(r"[\\\t]|\$\$\{|%%\{")
# Decide, wherever they stand, what `${local.env.modules}` is.
_PINNED = ("env", "modules")
# What a module's version may be; any other Git reference can mean another commit tomorrow.
_VERSION = re.compile(r"local|v\d+\.\d+\.\d+")
# Git's modes of plain files: a link or a repository of its own is read elsewhere than where it stands.
_PLAIN = ("100644", "100755")
# Terragrunt reads them beside a unit, and Strata refuses them.
_REFUSED = ("terragrunt.stack.hcl", "terragrunt.values.hcl")
# No plan runs these but by a file that has rules of its own. All else needs an approval.
_HARMLESS = re.compile(
    r"""
    modules/([\w-]+/)?[\w-]+\.(tf|md) | (live/.+|terragrunt)\.hcl
    | glue_jobs/.+\.py | glue_jobs/contracts/\w+\.odcs\.yaml | lambda_functions/.+\.py
    | (tests|docs|bench)/.+ | [\w-]+\.md
    """,
    re.VERBOSE,
)
# Nothing that a plan loads may be in these; what reads them from elsewhere needs an approval.
UNLOADED = ("tests", "docs", "bench")
_UNPLANNED = tuple(f"{folder}/" for folder in UNLOADED)
_PLANNED = ("modules/", "live/", "terragrunt.hcl")
_JSON = (".tf.json", ".tofu.json", ".hcl.json")
_TEXT = (".tf", ".tofu", ".hcl", *_JSON)


@dataclass(frozen=True)
class GateFinding:
    """Something that needs an approval.

    Attributes:
        rule: the rule's name; the label `approve:<rule>` approves it.
        place: a file, with its line if known, or a resource's address and unit.
        what: for people.
    """

    rule: str
    place: str
    what: str

    @property
    def label(self) -> str:
        """The label that approves it."""
        return f"approve:{self.rule}"


@dataclass(frozen=True)
class _Facts:
    """What a file brings; each entry is something to compare, with the line where it stands."""

    providers: dict[str, int] = field(default_factory=dict)
    code: dict[str, int] = field(default_factory=dict)
    releases: dict[tuple[str, str], int] = field(default_factory=dict)


def check_change(change: CommitRange) -> list[GateFinding]:
    """Compare the files of a change.

    Raises:
        StrataError: a file that Terraform or Terragrunt reads is not HCL: what it does is unknown.
    """
    found: list[GateFinding] = []
    read = [path for path in change.files if path.endswith(_TEXT) and not path.endswith(LOCK_FILE)]
    before, after = change.before(read), change.after(read)
    known = functools.cache(lambda: _known_providers(change))
    for path in change.files:
        found += _by_name(path)
        if (mode := change.modes.get(path, _PLAIN[0])) not in _PLAIN:
            found.append(GateFinding("code", path, f"is not a plain file (Git mode {mode})"))
        elif path in read:
            try:
                found += _by_content(path, change, before.get(path), after.get(path), known)
            except StrataError as error:
                if not path.startswith(_UNPLANNED):
                    raise
                found.append(GateFinding("code", path, error.message))
    return found


def _by_name(path: str) -> Iterator[GateFinding]:
    place = PurePosixPath(path)
    name = place.name
    if path.startswith(".github/"):
        yield GateFinding("workflow", path, "edits what GitHub runs")
    elif name == LOCK_FILE:
        yield GateFinding("lock-file", path, "changes which provider binaries are trusted")
    elif name in (".terraformrc", "terraform.rc") or name.endswith((".tfrc", ".tfrc.json")):
        yield GateFinding("provider", path, "changes where providers come from")
    elif {"terraform.d", ".terraform"} & set(place.parts):
        yield GateFinding("provider", path, "brings a provider or a module of its own")
    elif name == ".gitattributes":
        yield GateFinding("code", path, "changes what a checkout holds")
    elif name.endswith(_JSON):
        yield GateFinding("code", path, "is configuration in JSON, which is read by people")
    elif name in _REFUSED or not _HARMLESS.fullmatch(path):
        yield GateFinding("code", path, "may run, or decide what runs, in the job that plans")


def _by_content(
    path: str, change: CommitRange, old: bytes | None, new: bytes | None, known: Callable[[], set[str]]
) -> Iterator[GateFinding]:
    now = _facts(path, new)
    before = _facts(path, old, tolerant=True)
    # What the file itself had needs no look at all others, unless it is a test's.
    had = before.providers if path.startswith(_PLANNED) else {}
    for provider, line in now.providers.items():
        if provider not in had and provider not in known():
            yield GateFinding("provider", f"{path}:{line}", f"new provider {provider}")
    for code, line in now.code.items():
        if code not in before.code:
            yield GateFinding("code", f"{path}:{line}", code.partition("\0")[0])
    for (module, version), line in now.releases.items():
        if (module, version) not in before.releases and not change.is_merged(f"{module}/{version}"):
            yield GateFinding(
                "code", f"{path}:{line}", f"the release {module}/{version} is not a tag of what was merged"
            )


def _known_providers(change: CommitRange) -> set[str]:
    """The providers of all code as it was at the base."""
    # Tests bring providers of their own, which no plan knows.
    paths = [path for path in change.paths_before() if path.endswith(_TEXT) and path.startswith(_PLANNED)]
    known: set[str] = set()
    for path, text in change.before(paths).items():
        known |= _facts(path, text, tolerant=True).providers.keys()
    return known


def _facts(path: str, content: bytes | None, *, tolerant: bool = False) -> _Facts:
    facts = _Facts()
    if content is None:
        return facts
    try:
        if path.endswith(".json"):
            for name in json_providers(json.loads(content)):
                facts.providers.setdefault(name, 1)
        else:
            _hcl_facts(parse(path, content).body, facts, terragrunt=path.endswith(".hcl"))
    except (StrataError, ValueError) as error:
        if tolerant:
            return facts
        reason = error.message if isinstance(error, StrataError) else "not JSON"
        line = error.line if isinstance(error, StrataError) else None
        raise StrataError(
            f"the file cannot be checked: {reason}", file=path, line=line, remedy="correct its syntax"
        ) from None
    return facts


def _hcl_facts(body: Block, facts: _Facts, *, terragrunt: bool) -> None:
    for name, value in body.attributes.items():
        if _RUN_ATTRIBUTES.fullmatch(name):
            facts.code.setdefault(f"{name}\0{value.normal}", value.line)
    _body_facts(body, facts, terragrunt)


def _body_facts(body: Block, facts: _Facts, terragrunt: bool) -> None:
    """The facts of a body and of what is in it; a block that counts whole has none but itself."""
    for name, value in body.attributes.items():
        if terragrunt and name in _PINNED:
            facts.code.setdefault(f"where modules come from\0{value.normal}", value.line)
        if terragrunt and name == "versions":
            _version_facts(value, facts)
        for node in value.node.walk():
            fact = _call_fact(node, facts) or (_text_fact(node) if terragrunt else None)
            if fact is not None:
                facts.code.setdefault(f"{fact}\0{normal(node)}", node.line)
    for block in body.blocks:
        fact = _block_facts(block, facts)
        if fact is not None:
            facts.code.setdefault(f"{fact}\0{normal(block.node)}", block.line)
        else:
            _body_facts(block, facts, terragrunt)


def _version_facts(value: Expression, facts: _Facts) -> None:
    """Which releases run; anything but literal versions is a reference that somebody may move."""
    found = list(elements(value.node))
    if not found:
        facts.code.setdefault(f"versions that are computed\0{value.normal}", value.line)
    for module, element, inner in found:
        version = string_value(inner)
        if module is None or version is None or not _VERSION.fullmatch(version):
            facts.code.setdefault(f"a version that is not a release\0{normal(element)}", element.line)
        elif version != "local":
            facts.releases.setdefault((module, version), element.line)


def _block_facts(block: Block, facts: _Facts) -> str | None:
    """Take a block's providers and sources; return what it is if every edit of it counts."""
    kind, labels = block.type, block.labels
    if kind in TYPED_BLOCKS and labels:
        prefix = labels[0].split("_", 1)[0]
        if prefix not in BUILT_IN:
            facts.providers.setdefault(prefix, block.line)
    if kind == "provider" and labels:
        facts.providers.setdefault(labels[0], block.line)
    for provider, line in _named_providers(block):
        facts.providers.setdefault(provider, line)
    for name, local, what in _PLACES.get(kind, ()):
        value = block.attributes.get(name)
        if value is not None and not local.fullmatch(compact(value.node)):
            facts.code.setdefault(f"{what}\0{value.normal}", value.line)
    mocks = block.attributes.get("mock_outputs") if kind == "dependency" else None
    if mocks is not None and "mock_outputs_allowed_terraform_commands" not in block.attributes:
        facts.code.setdefault(f"mocks that may be applied\0{mocks.normal}", mocks.line)
    if kind in ("data", "ephemeral") and labels and labels[0] in _CODE_DATA:
        return f"data source {labels[0]}"
    if (kind == "resource" and labels and labels[0] in _CODE_RESOURCES) or kind == "action":
        return f"{kind} {' '.join(labels)}"
    return f"{kind} {' '.join(labels)}".strip() if kind in _RUN_BLOCKS else None


def _named_providers(block: Block) -> Iterator[tuple[str, int]]:
    """The providers that a block names in its attributes, by local name, source address or both."""
    if block.type == "required_providers":
        for name, value in block.attributes.items():
            yield name, value.line
            yield from ((source, value.line) for source in _sources(value))
    elif "provider" in block.attributes:
        # Terraform installs what a resource names, declared or not.
        yield _local_name(block.attributes["provider"].node), block.attributes["provider"].line
    elif block.type == "module" and "providers" in block.attributes:
        given = block.attributes["providers"]
        found = [_local_name(value) for _, _, value in elements(given.node)]
        if not found and given.constant != ({},):
            # Terraform takes an object as it is written alone: what else it may be is not known here.
            found = [compact(given.node)]
        yield from ((name, given.line) for name in found)


def _sources(value: Expression) -> Iterator[str]:
    """The source addresses in a required provider; the text of one that has to be evaluated, which is new."""
    found = list(elements(value.node))
    if not found and value.string is None:
        yield compact(value.node)
    for key, element, inner in found:
        if key is None:
            yield compact(element)
        elif key == "source":
            # The source counts, not only the name: the same name may come from elsewhere.
            yield string_value(inner) or compact(inner)


def _local_name(value: Node) -> str:
    """The provider in `provider = aws.other`, which may be quoted."""
    return (string_value(value) or compact(value)).partition(".")[0]


def _call_fact(node: Node, facts: _Facts) -> str | None:
    if node.type != "function_call":
        return None
    name, text = _function(node), compact(node).removeprefix("core::")
    if name.startswith("provider::"):
        facts.providers.setdefault(name.split("::")[1], node.line)
    if _RUN_CALLS.fullmatch(name):
        return name
    if _FILE_CALLS.fullmatch(name) and not _OWN_FILE.fullmatch(text):
        return f"{name} of what is not the module's own"
    if name == "read_terragrunt_config" and not _READ_CONFIG.fullmatch(text):
        return "configuration out of another file than .hcl"
    return None


def _function(call: Node) -> str:
    """The function's name; Terraform knows its own as `core::file` too."""
    return compact(call.children[0]).removeprefix("core::")


def _text_fact(node: Node) -> str | None:
    """What can put code into a file that Terragrunt generates, or change where modules come from."""
    if node.type == "function_call" and _DECODING_CALLS.fullmatch(_function(node)):
        return "a value that is decoded"
    if node.type == "heredoc_template" or (
        node.type in ("string_lit", "quoted_template")
        and any(_ESCAPED.search(part.text) for part in node.all("template_literal"))
    ):
        return "a value with more lines, quotes or templates in it"
    if node.type == "object_elem" and (key_of(node) in _PINNED or key_of(node) is None):
        return "where modules come from"
    return None
