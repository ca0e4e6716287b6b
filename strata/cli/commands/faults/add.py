"""Add a fault to the running embedded cloud.

OPERATION is `service:Operation` of AWS, with the effects fail, throttle and delay; or events:Delivery (drop,
duplicate, delay, reorder), glue:JobRun (stop, kill), lambda:Invocation (timeout), snowflake:Connection
(unreachable). The fault strikes once, at the first call, unless options say otherwise."""

from __future__ import annotations

from typing import Annotated

import typer

from strata.cli.checkout import checkout_root
from strata.cli.options import Json
from strata.cli.views.console import out, print_json
from strata.errors import StrataError
from strata.platform.session import require_running

EXAMPLES = (
    "strata faults add dynamodb:UpdateItem throttle --times 3",
    "strata faults add sns:Publish fail --error InternalError --call 2",
    "strata faults add events:Delivery duplicate --always --probability 0.2 --seed 7",
    "strata faults add glue:JobRun kill --resource strata-clean-dev",
)


def run(
    operation: Annotated[str, typer.Argument(metavar="OPERATION", help="What the fault strikes.")],
    effect: Annotated[str, typer.Argument(metavar="EFFECT", help="What happens.")],
    error: Annotated[str, typer.Option(help="Error code of fail; default: InternalServerError.")] = "",
    status: Annotated[
        int, typer.Option(help="HTTP status of fail; default: what AWS documents of the error code.", min=0)
    ] = 0,
    seconds: Annotated[
        float,
        typer.Option(help="Length of a delay; or how long a run or an invocation goes on before.", min=0),
    ] = 0.0,
    call: Annotated[int, typer.Option(help="First call that it strikes, counted from 1.", min=1)] = 1,
    times: Annotated[int | None, typer.Option(help="How often it strikes; default: 1.", min=1)] = None,
    always: Annotated[bool, typer.Option("--always", help="Strike until it is cleared.")] = False,
    probability: Annotated[
        float, typer.Option(help="Chance of each of these calls, above 0, up to 1.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of the chance.")] = 0,
    resource: Annotated[
        str, typer.Option(help="Strike only calls that hold this text: a key, a table, a job, a rule.")
    ] = "",
    name: Annotated[str, typer.Option(help="Name of the fault; default: fault-N.")] = "",
    json_: Json = False,
) -> None:
    """Add it, and print its name.

    Raises:
        StrataError: a name or a value is not known, or the cloud is not running.
    """
    from strata.faults import Faults

    if always and times is not None:
        raise StrataError("--always and --times contradict each other", remedy="leave out one of them")
    fault = Faults(require_running(checkout_root()).endpoints.aws_url).add(
        operation,
        effect,
        error=error,
        status=status,
        seconds=seconds,
        call=call,
        times=None if always else times or 1,
        probability=probability,
        seed=seed,
        resource=resource,
        name=name,
    )
    if json_:
        print_json(fault.model_dump())
    else:
        out.print(f"added {fault.name}: {fault.operation} {fault.effect}", markup=False, soft_wrap=True)
