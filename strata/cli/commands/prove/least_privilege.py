"""Find the actions that no scenario needs; exit 1 if one was missed after all.

The scenarios run on the platform that is up, once as the roles are, and once without every action that no
request needed; then the roles are as before. Objects of the scenarios stay below `DATASET/proof-...`. Only
what the scenarios do is known: read the spare actions before you take them out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from strata.cli.checkout import checkout_root
from strata.cli.options import Json
from strata.cli.views.console import err, out, print_json
from strata.contracts.document import FOLDER, ContractDocument
from strata.errors import StrataError
from strata.platform import pipeline
from strata.platform.session import require_running
from strata.platform.workspace import Workspace

EXAMPLES = ("strata prove least-privilege", "strata prove least-privilege dev --each --json")


def run(
    environment: Annotated[
        str | None,
        typer.Argument(
            metavar="[ENV]", help="Environment: a folder of `live`; default: the one `strata up` started."
        ),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Data set of the scenarios' files; default: the first that is applied.")
    ] = None,
    each: Annotated[
        bool, typer.Option("--each", help="Take each needed action away, too; a run of scenarios for each.")
    ] = False,
    json_: Json = False,
) -> None:
    """Prove it, and print the smaller policies as a diff.

    Raises:
        StrataError: a scenario ended otherwise without the spare actions, or a needed one was not missed.
    """
    from glue_jobs.odcs import SUFFIX
    from strata.privilege.proof import prove
    from strata.privilege.scenarios import scenarios

    root = checkout_root()
    running = require_running(root)
    workspace = Workspace(root, environment or running.environment, running.endpoints)
    platform = workspace.platform()
    dataset = dataset or _first(
        pipeline.key_prefixes(workspace.endpoints, platform.state_machine_arn, platform.raw_bucket)
    )
    contract = ContractDocument.read(root / FOLDER / f"{dataset}{SUFFIX}")
    report = prove(
        workspace.endpoints,
        lambda label: scenarios(workspace, dataset, contract, label),
        each=each,
        progress=lambda line: err.print(line, soft_wrap=True),
    )
    if json_:
        print_json(_as_json(report))
    else:
        _show(report)
    if not report.holds:
        missed = [removal.scenario for removal in report.removals if removal.differs]
        raise StrataError(
            f"without the spare actions {', '.join(missed) or 'a needed one'} did not end as expected",
            remedy="read the refused requests in the report",
        )


def _first(prefixes: list[str]) -> str:
    if not prefixes or not prefixes[0]:
        raise StrataError("no prefix of a data set starts an execution", remedy="name one: --dataset NAME")
    return prefixes[0].rstrip("/")


def _show(report: Any) -> None:
    for name, outcome in report.outcomes.items():
        out.print(f"{name}: {outcome}", soft_wrap=True)
    for role, found in report.findings.items():
        out.print(
            f"\n{role}: {len(found.needed)} needed, {len(found.kept)} kept, {len(found.spare)} spare",
            soft_wrap=True,
        )
        for grant, lost in found.needed.items():
            tried = report.each.get(grant)
            proof = (
                "" if tried is None else f"; without it: {tried.after}" if tried.differs else "; not missed"
            )
            out.print(f"  needed  {grant.action}: {lost.scenario}{proof}", soft_wrap=True)
        for grant, reason in found.kept.items():
            out.print(f"  kept    {grant.action}: {reason}", soft_wrap=True)
        for grant in found.spare:
            out.print(f"  spare   {grant.action} ({grant.statement})", soft_wrap=True)
        for one in found.refused:
            out.print(f"  used but not granted  {one}: {one.scenario}", soft_wrap=True)
    for role in report.unheard:
        out.print(f"\n{role}: asked for nothing in these scenarios", soft_wrap=True)
    for removal in report.removals:
        if removal.differs:
            out.print(f"\nwithout the spare actions, {removal.scenario}: {removal.after}", soft_wrap=True)
            for one in removal.refused:
                out.print(f"  refused  {one}", soft_wrap=True)
    out.print(f"\n{report.diff()}", markup=False, highlight=False, soft_wrap=True)


def _as_json(report: Any) -> dict[str, Any]:
    return {
        "outcomes": {name: asdict(outcome) for name, outcome in report.outcomes.items()},
        "roles": {
            role: {
                "needed": [
                    {
                        **asdict(grant),
                        "scenario": lost.scenario,
                        "request": str(lost),
                        "missed": _missed(report, grant),
                    }
                    for grant, lost in found.needed.items()
                ],
                "kept": [{**asdict(grant), "reason": reason} for grant, reason in found.kept.items()],
                "spare": [asdict(grant) for grant in found.spare],
                "refused": [{"request": str(one), "scenario": one.scenario} for one in found.refused],
                "policies": found.smaller.written(),
            }
            for role, found in report.findings.items()
        },
        "unheard": list(report.unheard),
        "removals": [
            {
                "scenario": r.scenario,
                "before": str(r.before),
                "after": str(r.after),
                "refused": list(map(str, r.refused)),
            }
            for r in report.removals
        ],
        "holds": report.holds,
        "diff": report.diff(),
    }


def _missed(report: Any, grant: Any) -> bool | None:
    tried = report.each.get(grant)
    return None if tried is None else tried.differs
