"""A set of plans in Markdown: for a comment, which GitHub limits, and whole for the artifact."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from strata.ci.plans import Action, PlanSet, ResourceChange, UnitPlan

# GitHub's limit for a comment's body. It counts characters; bytes are never fewer.
LIMIT = 65_536
_SIGNS: dict[Action, str] = {
    "create": "+",
    "update": "!",
    "replace": "-/+",
    "delete": "-",
    "import": "<-",
    "forget": "#",
    "move": "->",
}
_PAST = {"update": "changed", "delete": "deleted", "replace": "replaced", "create": "created"}
_ACTIONS: tuple[Action, ...] = ("create", "update", "replace", "delete", "import", "move", "forget")
_MOST_NAMED = 30
_MOST_NODES = 60
_MOST_REASONS = 3
# Bytes for the line that says how many are missing.
_CUT_LINE = 80


@dataclass(frozen=True)
class Section:
    """A piece of the summary: `lines` between `head` and `foot` may be cut; `rest` stands for all of it."""

    head: str
    lines: tuple[str, ...] = ()
    foot: str = ""
    rest: str = ""

    def text(self) -> str:
        """All of it."""
        return "\n".join(part for part in (self.head, *self.lines, self.foot) if part)

    def within(self, room: int) -> str:
        """As much of it as has room, in bytes; nothing if not even `rest` has."""
        if _size(whole := self.text()) <= room:
            return whole
        if self.lines:
            left = room - _size(self.head) - _size(self.foot) - _CUT_LINE
            count = 0
            while count < len(self.lines) and (left := left - _size(self.lines[count])) >= 0:
                count += 1
            if count:
                cut = f"# and {len(self.lines) - count:,} more lines, left out here"
                return "\n".join(part for part in (self.head, *self.lines[:count], cut, self.foot) if part)
        return self.rest if _size(self.rest) <= room else ""


def marker(environment: str, kind: str = "plan") -> str:
    """The hidden line by which a comment is found again."""
    return f"<!-- strata:{kind}:{environment} -->"


def markdown(plans: PlanSet, limit: int | None = None, artifact: str = "the run's artifact") -> str:
    """The summary of a set of plans.

    Args:
        plans: what to say; it holds no values, so none can appear.
        limit: how many bytes there may be; what does not fit is left out, and said to be.
        artifact: where the whole summary is, for that sentence.
    """
    sections = list(_sections(plans))
    whole = "\n\n".join(section.text() for section in sections) + "\n"
    if limit is None or len(whole.encode()) <= limit:
        return whole
    note = f"> [!NOTE]\n> This is cut to GitHub's limit for a comment; the whole summary is in {artifact}."
    room = limit - _size(note) - 1
    later = sum(_size(section.rest) for section in sections)
    chosen: list[str] = []
    for section in sections:
        # What follows keeps room for its short form.
        later -= _size(section.rest)
        if text := section.within(room - later) or section.within(room):
            chosen.append(text)
            room -= _size(text)
    return "\n\n".join([*chosen, note]) + "\n"


def not_planned(environment: str, commit: str) -> str:
    """The summary where there should be plans and are none."""
    return (
        f"{marker(environment)}\n## Plan for `{environment}`: not planned\n\n"
        "> [!CAUTION]\n> **No plan**: the gate of the change is closed, or the job that plans "
        f"failed. The run says which.\n\n<sub>Commit `{commit[:12]}`.</sub>\n"
    )


def _size(text: str) -> int:
    """Bytes of a piece and of the empty line after it."""
    return len(text.encode()) + 2 if text else 0


def _sections(plans: PlanSet) -> Iterator[Section]:
    yield Section(f"{marker(plans.environment)}\n## Plan for `{plans.environment}`: {_headline(plans)}")
    if plans.failed:
        yield Section(_failures(plans), rest=f"**{len(plans.failed)} unit(s) have no plan.**")
    gone = [
        (unit.unit, resource)
        for unit in plans.units
        for resource in unit.resources
        if resource.action in ("delete", "replace")
    ]
    if gone:
        yield Section(_destruction(gone), rest=_destruction_count(gone))
    if plans.removed:
        lines = [f"> - {code(unit)}" for unit in plans.removed]
        yield Section(
            "> [!CAUTION]\n> **The folder of these units is gone, and their resources are not.**\n"
            + "\n".join(lines)
        )
    provisional = [unit for unit in plans.units if unit.provisional]
    if provisional:
        names = ", ".join(code(unit.unit) for unit in provisional)
        yield Section(
            "> [!WARNING]\n> **Provisional**, planned with mocks because what they depend on is not applied "
            f"yet: {names}. After the merge each is planned again with the real values; any difference but "
            "those values stops it."
        )
    if plans.units:
        yield Section(_table(plans.units), rest=f"{len(plans.units)} units planned.")
        yield Section(_graph(plans))
    for unit in sorted(plans.units, key=_importance):
        if unit.status == "planned" and (unit.resources or unit.outputs):
            yield _details(unit, plans.reasons.get(unit.unit, ()))
    if plans.downstream_error:
        yield Section(f"The environment plan could not be made: {_text(plans.downstream_error)}")
    yield from _downstream(plans)
    yield Section(f"<sub>Commit `{plans.commit[:12]}`. Addresses and actions only; values stay out.</sub>")


def _headline(plans: PlanSet) -> str:
    if not plans.units and not plans.removed:
        return "no unit is affected"
    parts = [f"{n} to {action}" for action in _ACTIONS if (n := plans.count(action))]
    if plans.failed:
        parts.append(f"{len(plans.failed)} of {len(plans.units)} units failed")
    return ", ".join(parts) or "no changes"


def _failures(plans: PlanSet) -> str:
    lines = ["> [!CAUTION]", f"> **{len(plans.failed)} of {len(plans.units)} units have no plan:**", ">"]
    lines += [f"> - {code(unit.unit)}: {_text(unit.error or 'not begun')}" for unit in plans.failed]
    return "\n".join(lines)


def _destruction_count(gone: list[tuple[str, ResourceChange]]) -> str:
    deleted = sum(resource.action == "delete" for _, resource in gone)
    return f"> [!CAUTION]\n> **{deleted} to delete and {len(gone) - deleted} to replace.**"


def _destruction(gone: list[tuple[str, ResourceChange]]) -> str:
    lines = [_destruction_count(gone), ">"]
    for unit, resource in gone[:_MOST_NAMED]:
        lines.append(f"> - {resource.action} {code(resource.address)} in {code(unit)}")
    if len(gone) > _MOST_NAMED:
        lines.append(f"> - and {len(gone) - _MOST_NAMED} more")
    return "\n".join(lines)


def _table(units: Iterable[UnitPlan]) -> str:
    lines = [
        "| unit | create | update | replace | delete | other | digest |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for unit in units:
        if unit.status == "planned":
            counts = [unit.count(action) for action in ("create", "update", "replace", "delete")]
            others = len(unit.resources) - sum(counts)
            cells = [str(count or "") for count in (*counts, others)]
        else:
            cells = [unit.status, "", "", "", ""]
        digest = f"`{unit.digest[:12]}`" if unit.digest else ""
        lines.append(f"| {_cell(unit.unit)} | {' | '.join(cells)} | {digest} |")
    return "\n".join(lines)


def _graph(plans: PlanSet) -> str:
    """The units in the order in which they will be applied."""
    shown = plans.units[:_MOST_NODES]
    ids = {unit.unit: f"u{index}" for index, unit in enumerate(shown)}
    lines = ["```mermaid", "flowchart LR"]
    for unit in shown:
        counts = " ".join(f"{_SIGNS[action]}{n}" for action in _ACTIONS if (n := unit.count(action)))
        label = f"{unit.unit.removeprefix(f'live/{plans.environment}/')} {counts}".strip()
        kind = _kind(unit)
        lines.append(f'  {ids[unit.unit]}["{_label(label)}"]{f":::{kind}" if kind else ""}')
    lines += [f"  {ids[a]} --> {ids[b]}" for a, b in plans.edges if a in ids and b in ids]
    lines += [
        "  classDef failed fill:#ffd7d5,stroke:#cf222e,color:#1f2328",
        "  classDef destroys fill:#ffebe9,stroke:#cf222e,color:#1f2328",
        "  classDef changes fill:#ddf4ff,stroke:#0969da,color:#1f2328",
        "```",
    ]
    if len(plans.units) > _MOST_NODES:
        lines.append(f"\nThe first {_MOST_NODES} of {len(plans.units)} units.")
    return "\n".join(lines)


def _kind(unit: UnitPlan) -> str:
    if unit.status != "planned":
        return "failed"
    if unit.count("delete") or unit.count("replace"):
        return "destroys"
    return "changes" if unit.resources else ""


def _details(unit: UnitPlan, reasons: tuple[str, ...]) -> Section:
    lines = [f"{_SIGNS[r.action]} {r.address}{_changed(r)}" for r in sorted(unit.resources, key=_order)]
    lines += [f"! output {name}" for name in unit.outputs]
    fence = _fence(lines)
    title = f"<code>{html.escape(unit.unit)}</code>: {len(unit.resources):,} resource(s)"
    why = ", ".join(code(reason) for reason in reasons[:_MOST_REASONS])
    if len(reasons) > _MOST_REASONS:
        why += f" and {len(reasons) - _MOST_REASONS} more"
    head = f"<details><summary>{title}</summary>\n\n"
    if why:
        head += f"Planned because of {why}.\n\n"
    return Section(f"{head}{fence}diff", tuple(lines), f"{fence}\n\n</details>", f"{title}, left out here.")


def _downstream(plans: PlanSet) -> Iterator[Section]:
    known = {unit.unit: {(r.address, r.action) for r in unit.resources} for unit in plans.units}
    lines: list[str] = []
    for unit in plans.downstream:
        for resource in unit.resources:
            if (resource.address, resource.action) not in known.get(unit.unit, set()):
                lines.append(f"{_SIGNS[resource.action]} {unit.unit} {resource.address}{_changed(resource)}")
    if lines:
        fence = _fence(lines)
        yield Section(
            "<details open><summary>Downstream: the environment plan, with this change's own outputs instead "
            f"of those applied today</summary>\n\n{fence}diff",
            tuple(lines),
            f"{fence}\n\n</details>",
            f"Downstream, {len(lines):,} more resource(s) would change.",
        )


def drift_markdown(plans: PlanSet, limit: int = LIMIT) -> str:
    """What drifted: per unit, what somebody changed by hand and what an apply would do about it."""
    drifted = [unit for unit in plans.units if unit.drifted or unit.resources or unit.outputs]
    headline = f"## Drift in `{plans.environment}`: {len(drifted)} of {len(plans.units)} units"
    sections = [Section(f"{marker(plans.environment, 'drift')}\n{headline}")]
    if plans.failed:
        sections.append(Section(_failures(plans)))
    for unit in drifted:
        lines = [
            f"{_SIGNS[r.action]} {r.address} was {_PAST.get(r.action, r.action)} by hand{_changed(r)}"
            for r in unit.drifted
        ]
        lines += [
            f"{_SIGNS[r.action]} {r.address}: an apply would {r.action} it{_changed(r)}"
            for r in unit.resources
        ]
        lines += [f"! output {name}" for name in unit.outputs]
        fence = _fence(lines)
        sections.append(Section(f"### {code(unit.unit)}\n\n{fence}diff", tuple(lines), fence))
    if drifted:
        sections.append(
            Section("Apply main again to restore it, or change the code to match by a pull request.")
        )
    chosen: list[str] = []
    for section in sections:
        text = section.within(limit)
        limit -= _size(text)
        chosen.append(text)
    return "\n\n".join(filter(None, chosen)) + "\n"


def _changed(resource: ResourceChange) -> str:
    return f" ({', '.join(resource.changed)})" if resource.changed else ""


def _order(resource: ResourceChange) -> tuple[int, str]:
    return (resource.action not in ("delete", "replace"), resource.address)


def _importance(unit: UnitPlan) -> tuple[int, str]:
    return (-(unit.count("delete") + unit.count("replace") > 0), unit.unit)


def _fence(lines: Iterable[str]) -> str:
    """A fence that no run of backticks in a for_each key can close."""
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    return "`" * max(3, longest + 1)


def code(text: str) -> str:
    """Inline code; a key may hold backticks, and no mention or link in it may become one."""
    text = " ".join(text.split())
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _cell(text: str) -> str:
    return code(text).replace("|", "\\|")


def _text(text: str) -> str:
    """Words of a tool: one line of code, so that nothing in them is Markdown."""
    return code(text[:300])


def _label(text: str) -> str:
    return html.escape(text, quote=True).replace("#", "&num;")
