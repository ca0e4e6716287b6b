"""Orders of events under one key, one by one: what each execution ends as, and what the table shows then."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from .jobs import content, rows_of
from .world import Engine, Execution, World

pytestmark = pytest.mark.terraform

A, B, C = content("01,1", "02,2"), content("01,3"), content("03,4")
BROKEN = b"carrier,name\nUA,United SupersededVersion: \n"


@pytest.fixture(params=[True, False], ids=["versions", "no versions"])
def versioned(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def world(engine: Engine) -> World:
    return World(engine)


def until(world: World, execution: Execution, state: str) -> Execution:
    """Let an execution go on until it is about to enter a state."""
    for _ in range(100):
        if execution.env.next_state_name == state:
            return execution
        assert execution.status == "RUNNING", execution.visited
        world.step(execution)
    raise AssertionError(f"{state} was not reached: {execution.visited}")


def test_a_b_a(engine: Engine, versioned: bool) -> None:
    world = World(engine, versioned=versioned)
    first, second, third = (world.put(body) for body in (A, B, A))
    seen = [(world.finish(world.deliver(put)), world.rows()) for put in (first, second, third)]
    if versioned:
        assert seen == [("RecordSuccess", rows_of(body)) for body in (A, B, A)]
    else:
        # Only the last content is there; the first event names it as well.
        ends = ["RecordSuccess", "Superseded", "Duplicate"]
        assert seen == [(end, rows_of(A)) for end in ends]
    claim = world.claim()
    assert (claim["processed_etag"], claim["processed_sequencer"]) == (third.etag, third.sequencer)


def test_a_b_a_at_once(world: World) -> None:
    """As it was found: B's event comes while A's execution works, the second A's after that."""
    first, second = world.put(A), world.put(B)
    one, two = world.deliver(first), world.deliver(second)
    until(world, one, "Curate")
    until(world, two, "AwaitClaim")
    assert world.finish(one) == "RecordSuccess"
    assert world.rows() == rows_of(A)
    third = world.deliver(world.put(A))
    assert [world.finish(two), world.finish(third)] == ["RecordSuccess", "RecordSuccess"]
    assert world.rows() == rows_of(A)


def test_what_is_reported_names_version_and_etag(world: World) -> None:
    put = world.put(A)
    execution = world.deliver(put)
    assert world.finish(execution) == "RecordSuccess"
    version = {"etag": put.etag, "version_id": put.event["version_id"]}
    claim = world.claim()
    assert {name: claim[name] for name in version} == version
    assert {name: claim[f"processed_{name}"] for name in version} == version
    broken = world.put(BROKEN)
    version = {"etag": broken.etag, "version_id": broken.event["version_id"]}
    assert world.finish(world.deliver(broken)) == "Failed"
    [told] = world.notified
    assert {name: told[name] for name in version} == version
    assert {name: world.claim()[name] for name in version} == version


@pytest.mark.parametrize("version_id", [None, ""])
def test_an_event_without_a_version_id_is_of_the_null_version(engine: Engine, version_id: str | None) -> None:
    world = World(engine, versioned=False)
    put = world.put(A)
    del put.event["version_id"]
    if version_id is not None:
        put.event["version_id"] = version_id
    execution = world.deliver(put)
    assert world.finish(execution) == "RecordSuccess"
    assert execution.visited[:3] == ["CheckKind", "CheckVersionId", "UseNullVersion"]
    assert world.claim()["version_id"] == "null"


@pytest.mark.parametrize("gone", ["before", "between"])
def test_a_version_that_is_gone_leaves_the_claim_to_others(world: World, gone: str) -> None:
    put = world.put(A)
    execution = world.deliver(put)
    if gone == "between":
        # S3 has answered with its size, and then it goes.
        moments = itertools.count(1)
        world.between = lambda: next(moments) == 2 and world.delete(put)
    else:
        world.delete(put)
    assert world.finish(execution) == "Superseded"
    world.between = lambda: None
    claim = world.claim()
    assert (claim["status"], claim.get("processed_sequencer")) == ("SUPERSEDED", None)
    assert f"version {put.event['version_id']} of s3://{world.bucket}/{world.key}" in claim["cause"]
    assert (world.rows(), world.notified, world.copies()) == ([], [], [])
    # The only version was deleted; a later put, and only that, is worked on.
    assert world.finish(world.deliver(put)) == "Superseded"
    later = world.put(B)
    assert world.finish(world.deliver(later)) == "RecordSuccess"
    assert world.rows() == rows_of(B)


def test_what_was_overwritten_where_no_versions_are_is_superseded(engine: Engine) -> None:
    world = World(engine, versioned=False)
    first, second = world.put(A), world.put(B)
    assert world.finish(world.deliver(first)) == "Superseded"
    assert world.claim()["status"] == "SUPERSEDED"
    assert world.finish(world.deliver(second)) == "RecordSuccess"
    assert world.finish(world.deliver(first)) == "Superseded"
    assert world.rows() == rows_of(B)


def test_a_gone_version_of_a_shown_object_changes_nothing(world: World) -> None:
    first, second, third = world.put(A), world.put(B), world.put(A)
    world.finish(world.deliver(first))
    world.delete(second)
    assert world.finish(world.deliver(second)) == "Superseded"
    assert (world.claim()["status"], world.claim()["processed_etag"]) == ("SUPERSEDED", first.etag)
    # The table still shows the content, so that there is nothing to do.
    assert world.finish(world.deliver(third)) == "Duplicate"
    assert world.claim()["processed_sequencer"] == third.sequencer
    assert world.rows() == rows_of(A)


def test_the_older_event_goes_on_when_the_newer_version_is_gone(world: World) -> None:
    """It waited for the newer one, and is not superseded by what never came to the table."""
    old, new = world.put(A), world.put(B)
    newer, older = world.deliver(new), world.deliver(old)
    until(world, newer, "Clean")
    until(world, older, "AwaitClaim")
    world.delete(new)
    assert world.finish(newer) == "Superseded"
    assert world.finish(older) == "RecordSuccess"
    assert world.rows() == rows_of(A)


def test_the_older_event_is_superseded_by_what_the_table_shows(world: World) -> None:
    old, new = world.put(A), world.put(B)
    newer, older = world.deliver(new), world.deliver(old)
    until(world, newer, "Clean")
    until(world, older, "AwaitClaim")
    assert world.finish(newer) == "RecordSuccess"
    assert world.finish(older) == "Superseded"
    assert world.rows() == rows_of(B)


def test_a_delete_marker_in_between_changes_nothing(world: World) -> None:
    first = world.put(A)
    world.delete()
    second = world.put(B)
    world.delete()
    # Each event's version is there, though the key is not.
    assert [world.finish(world.deliver(put)) for put in (first, second)] == ["RecordSuccess"] * 2
    assert world.rows() == rows_of(B)
    assert world.finish(world.deliver(first)) == "Superseded"


def test_replays_after_success(world: World) -> None:
    first, second = world.put(A), world.put(B)
    for put in (first, second):
        assert world.finish(world.deliver(put)) == "RecordSuccess"
    assert world.finish(world.deliver(first)) == "Superseded"
    assert world.finish(world.deliver(second)) == "Duplicate"
    again = world.put(B)
    assert world.finish(world.deliver(again)) == "Duplicate"
    assert world.finish(world.deliver(second)) == "Superseded"
    assert world.rows() == rows_of(B)


@pytest.mark.parametrize("at", ["Clean", "Curate", "Refresh", "Reconcile", "RecordSuccess"])
@pytest.mark.parametrize("newer", [True, False])
def test_a_killed_executions_object_is_taken_over(world: World, at: str, newer: bool) -> None:
    first, second = world.put(A), world.put(B)
    killed, other = (first, second) if newer else (second, first)
    world.kill(until(world, world.deliver(killed), at))
    taking = world.deliver(other)
    # An older version may follow until a newer one is in the table; its job says no where one is on the way.
    overtaken = not newer and at in ("Refresh", "Reconcile", "RecordSuccess")
    assert world.finish(taking) == ("Failed" if overtaken else "RecordSuccess")
    assert "TakeOver" in taking.visited
    replayed = world.finish(world.deliver(killed))
    assert replayed == ("Superseded" if newer else "RecordSuccess")
    assert world.rows() == rows_of(B)


@pytest.mark.parametrize("at", ["Refresh", "Reconcile", "RecordSuccess"])
def test_what_a_killed_run_of_a_gone_version_left_is_replaced(world: World, at: str) -> None:
    old, new = world.put(A), world.put(B)
    world.kill(until(world, world.deliver(new), at))
    world.delete(new)
    assert world.finish(world.deliver(old)) == "RecordSuccess"
    assert world.finish(world.deliver(new)) == "Superseded"
    assert world.rows() == rows_of(A)


def test_a_content_is_no_duplicate_after_another_one_has_half_failed(world: World) -> None:
    first = world.put(A)
    world.finish(world.deliver(first))
    second = world.deliver(world.put(B))
    until(world, second, "Curate")
    moments = itertools.count(1)
    world.between = lambda: setattr(second, "crashed", next(moments) > 4)
    assert world.finish(second) == "Failed"
    world.between = lambda: None
    assert world.finish(world.deliver(world.put(A))) == "RecordSuccess"
    assert world.rows() == rows_of(A)


def test_a_killed_run_ends_the_certainty_of_what_the_table_shows(world: World) -> None:
    first, second, third = world.put(A), world.put(B), world.put(A)
    world.finish(world.deliver(first))
    world.kill(until(world, world.deliver(second), "Refresh"))
    world.delete(third)
    # Takes the claim over, and finds its own version gone: A is not what the files hold any more.
    assert world.finish(world.deliver(third)) == "Superseded"
    assert "processed_etag" not in world.claim()
    fourth = world.put(A)
    assert world.finish(world.deliver(fourth)) == "RecordSuccess"
    assert world.rows() == rows_of(A)


def test_a_failed_run_of_a_file_that_quotes_the_jobs_words_is_a_failure(world: World) -> None:
    header = ",".join(["SupersededVersion: version 1 is gone", "x"])
    assert world.finish(world.deliver(world.put(f"{header}\n".encode()))) == "Failed"
    assert "RefusedObject: other_columns" in world.claim()["cause"]


@pytest.mark.parametrize(
    ("one", "other", "end"),
    [
        ("0A", "0A1", "RecordSuccess"),
        ("0A1", "0B", "RecordSuccess"),
        ("0B", "0A1", "Superseded"),
        ("0A1", "0A", "Superseded"),
        ("00617F08299329D189", "00617F08299329D19", "RecordSuccess"),
    ],
)
def test_sequencers_of_two_lengths(world: World, one: str, other: str, end: str) -> None:
    first, second = world.put(A, one), world.put(B, other)
    assert world.finish(world.deliver(first)) == "RecordSuccess"
    assert world.finish(world.deliver(second)) == end
    assert world.rows() == rows_of(B if end == "RecordSuccess" else A)


def test_content_in_parts_is_content_by_another_etag(world: World, engine: Engine) -> None:
    first = world.put(A)
    assert world.finish(world.deliver(first)) == "RecordSuccess"
    where: dict[str, Any] = {"Bucket": world.bucket, "Key": world.key}
    where["UploadId"] = engine.s3.create_multipart_upload(**where)["UploadId"]
    part = engine.s3.upload_part(**where, PartNumber=1, Body=A)
    done = engine.s3.complete_multipart_upload(
        **where, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    )
    second = world.put(B)
    second.event.update(etag=done["ETag"].strip('"'), version_id=done["VersionId"])
    assert second.etag.endswith("-1")
    # Worked on again, with the same result.
    assert world.finish(world.deliver(second)) == "RecordSuccess"
    assert world.rows() == rows_of(A)


def corrected_code(world: World) -> None:
    world.generation = "2"


def corrected_reference(world: World) -> None:
    world.put_reference("airlines.csv", world.key.encode())


def new_reference(world: World) -> None:
    world.put_reference("planes.csv", world.key.encode())


def another_data_sets_reference(world: World) -> None:
    world.put_reference("airports.csv", world.key.encode())


def same_reference(world: World) -> None:
    world.put_reference("airlines.csv", b"UA")


@pytest.mark.parametrize(
    ("change", "end"),
    [
        (corrected_code, "RecordSuccess"),
        (corrected_reference, "RecordSuccess"),
        (new_reference, "RecordSuccess"),
        (another_data_sets_reference, "Duplicate"),
        (same_reference, "Duplicate"),
    ],
)
def test_the_same_bytes_are_processed_again_under_a_newer_generation(
    world: World, change: Callable[[World], None], end: str
) -> None:
    world.put_reference("airlines.csv", b"UA")
    first, second = world.put(A), world.put(A)
    assert world.finish(world.deliver(first)) == "RecordSuccess"
    before = world.claim()["processed_generation"]
    change(world)
    # The very version, and its bytes put again.
    assert world.finish(world.deliver(first)) == end
    assert (world.claim()["processed_generation"] != before) == (end == "RecordSuccess")
    assert world.finish(world.deliver(first)) == "Duplicate"
    assert world.finish(world.deliver(second)) == "Duplicate"
    assert world.rows() == rows_of(A)


def test_an_older_version_stays_superseded_under_a_newer_generation(world: World) -> None:
    first, second = world.put(A), world.put(B)
    assert world.finish(world.deliver(second)) == "RecordSuccess"
    world.generation = "2"
    assert world.finish(world.deliver(first)) == "Superseded"
    assert world.rows() == rows_of(B)


def test_bytes_put_again_are_processed_under_a_newer_generation(world: World) -> None:
    first, second = world.put(A), world.put(A)
    assert world.finish(world.deliver(first)) == "RecordSuccess"
    world.generation = "2"
    assert world.finish(world.deliver(second)) == "RecordSuccess"
    assert world.claim()["processed_sequencer"] == second.sequencer
    assert world.finish(world.deliver(first)) == "Superseded"


def test_two_replays_under_a_newer_generation_are_worked_on_once(world: World) -> None:
    put = world.put(A)
    assert world.finish(world.deliver(put)) == "RecordSuccess"
    world.generation = "2"
    one, two = world.deliver(put), world.deliver(put)
    until(world, one, "Curate")
    until(world, two, "AwaitClaim")
    assert [world.finish(one), world.finish(two)] == ["RecordSuccess", "Duplicate"]


@pytest.mark.parametrize("at", ["Clean", "Curate", "Refresh", "Reconcile", "RecordSuccess"])
def test_a_killed_reprocessing_is_done_again(world: World, at: str) -> None:
    put = world.put(A)
    assert world.finish(world.deliver(put)) == "RecordSuccess"
    world.generation = "2"
    world.kill(until(world, world.deliver(put), at))
    again = world.deliver(put)
    assert world.finish(again) == "RecordSuccess"
    assert "TakeOver" in again.visited
    assert world.rows() == rows_of(A)


def test_a_claim_from_before_generations_is_processed_again(world: World, engine: Engine) -> None:
    put = world.put(A)
    assert world.finish(world.deliver(put)) == "RecordSuccess"
    engine.claims.update_item(
        Key={"object_id": world.object_id}, UpdateExpression="REMOVE processed_generation"
    )
    assert world.finish(world.deliver(put)) == "RecordSuccess"
    assert world.finish(world.deliver(put)) == "Duplicate"


def test_of_a_job_without_generations_the_references_count(world: World) -> None:
    world.generation = ""
    put = world.put(A)
    assert [world.finish(world.deliver(put)) for _ in range(2)] == ["RecordSuccess", "Duplicate"]
    world.generation = "1"
    assert world.finish(world.deliver(put)) == "RecordSuccess"


def test_a_deleted_object_has_no_rows(engine: Engine, versioned: bool) -> None:
    world = World(engine, versioned=versioned)
    put = world.put(A)
    assert world.finish(world.deliver(put)) == "RecordSuccess"
    deletion = world.delete()
    execution = world.deliver(deletion)
    assert world.finish(execution) == "RecordSuccess"
    assert "Remove" in execution.visited
    assert (world.rows(), world.copies(), world.notified) == ([], [], [])
    assert [name for name in world.processed.objects if "/reports/" not in name] == []
    claim = world.claim()
    assert (claim["processed_etag"], claim["processed_sequencer"]) == ("deleted", deletion.sequencer)
    # Both events again, in any order.
    assert world.finish(world.deliver(put)) == "Superseded"
    assert world.finish(world.deliver(deletion)) == "Duplicate"
    later = world.put(B)
    assert world.finish(world.deliver(later)) == "RecordSuccess"
    assert world.finish(world.deliver(deletion)) == "Superseded"
    assert world.rows() == rows_of(B)


def test_a_deletion_that_comes_first_outdates_the_put(engine: Engine, versioned: bool) -> None:
    world = World(engine, versioned=versioned)
    put, deletion = world.put(A), world.delete()
    assert world.finish(world.deliver(deletion)) == "RecordSuccess"
    assert world.finish(world.deliver(put)) == "Superseded"
    assert world.rows() == []


def test_of_a_key_that_was_put_again_a_late_deletion_changes_nothing(engine: Engine, versioned: bool) -> None:
    world = World(engine, versioned=versioned)
    world.finish(world.deliver(world.put(A)))
    deletion, again = world.delete(), world.put(B)
    # The bucket has B already, so that the deletion's event brings it.
    assert world.finish(world.deliver(deletion)) == "RecordSuccess"
    assert world.rows() == rows_of(B)
    assert world.finish(world.deliver(again)) == "Duplicate"
    assert world.finish(world.deliver(deletion)) == "Superseded"
    assert world.rows() == rows_of(B)


def test_after_the_newest_version_the_one_before_it_is_shown(world: World) -> None:
    first, second = world.put(A), world.put(B)
    for put in (first, second):
        world.finish(world.deliver(put))
    deletion = world.delete(second)
    assert world.finish(world.deliver(deletion)) == "RecordSuccess"
    assert world.rows() == rows_of(A)
    assert world.claim()["processed_version_id"] == first.event["version_id"]
    for put in (first, second):
        assert world.finish(world.deliver(put)) == "Superseded"
    assert world.finish(world.deliver(deletion)) == "Duplicate"


def test_an_older_version_that_expires_changes_nothing(world: World) -> None:
    first, second = world.put(A), world.put(B)
    for put in (first, second):
        world.finish(world.deliver(put))
    execution = world.deliver(world.delete(first))
    assert world.finish(execution) == "Duplicate"
    assert "Clean" not in execution.visited
    assert world.rows() == rows_of(B)


def test_a_deletion_waits_for_the_run_that_holds_the_object(world: World) -> None:
    running = world.deliver(world.put(A))
    until(world, running, "Curate")
    deleting = world.deliver(world.delete())
    until(world, deleting, "AwaitClaim")
    assert world.finish(running) == "RecordSuccess"
    assert world.finish(deleting) == "RecordSuccess"
    assert world.rows() == []


@pytest.mark.parametrize("at", ["Remove", "Refresh", "Reconcile", "RecordSuccess"])
def test_a_killed_deletion_is_done_again(world: World, at: str) -> None:
    put = world.put(A)
    world.finish(world.deliver(put))
    deletion = world.delete()
    world.kill(until(world, world.deliver(deletion), at))
    # The version below the delete marker does not come back for good.
    replayed = world.finish(world.deliver(put))
    assert replayed == ("RecordSuccess" if at == "Remove" else "Failed")
    assert world.finish(world.deliver(deletion)) == "RecordSuccess"
    assert world.rows() == []


@pytest.mark.parametrize("moment", range(1, 12))
def test_a_removal_that_crashes_half_way_is_finished_by_the_next(world: World, moment: int) -> None:
    world.finish(world.deliver(world.put(A)))
    deletion = world.delete()
    execution = until(world, world.deliver(deletion), "Remove")
    moments = itertools.count(1)
    world.between = lambda: setattr(execution, "crashed", next(moments) >= moment)
    assert world.finish(execution) == ("Failed" if execution.crashed else "RecordSuccess")
    world.between = lambda: None
    assert world.finish(world.deliver(deletion)) == ("RecordSuccess" if execution.crashed else "Duplicate")
    assert world.rows() == []


def test_deleting_what_was_refused_clears_the_quarantine(world: World) -> None:
    world.finish(world.deliver(world.put(BROKEN)))
    assert [name for name in world.processed.objects if "/quarantine/" in name]
    assert world.finish(world.deliver(world.delete())) == "RecordSuccess"
    assert [name for name in world.processed.objects if "/quarantine/" in name] == []


@pytest.mark.parametrize("moment", range(1, 21))
@pytest.mark.parametrize("job", ["Clean", "Curate"])
def test_a_job_that_is_killed_at_any_moment_is_done_again(world: World, job: str, moment: int) -> None:
    world.finish(world.deliver(world.put(A)))
    put = world.put(B)
    execution = until(world, world.deliver(put), job)
    moments = itertools.count(1)
    world.between = lambda: next(moments) == moment and world.kill(execution)
    world.finish(execution)
    world.between = lambda: None
    # A job with fewer moments has come to its end.
    again = world.finish(world.deliver(put))
    assert again == ("RecordSuccess" if execution.status == "ABORTED" else "Duplicate")
    assert (world.rows(), world.copies()) == (rows_of(B), [])


JOBS = {"Clean", "Curate", "Remove", "Refresh"}


@pytest.mark.parametrize("versioned_bucket", [True, False], ids=["versions", "no versions"])
def test_a_folder_of_the_console_comes_and_goes_without_a_job(engine: Engine, versioned_bucket: bool) -> None:
    world = World(engine, versioned=versioned_bucket, ending="/")
    made = world.put(b"")
    first = world.deliver(made)
    assert world.finish(first) == "RecordFolder"
    assert world.claim()["status"] == "FOLDER"
    # Its event once more, and somebody who makes it again.
    assert world.finish(world.deliver(made)) == "Duplicate"
    world.generation = "2"
    assert world.finish(world.deliver(made)) == "RecordFolder"
    deletion = world.deliver(world.delete())
    assert world.finish(deletion) == "RecordFolder"
    again = world.deliver(world.put(b""))
    assert world.finish(again) == "RecordFolder"
    assert not JOBS & {state for run in world.executions.values() for state in run.visited}
    assert (world.rows(), world.notified, world.processed.objects) == ([], [], {})


def test_a_file_with_the_key_of_a_folder_keeps_the_order(engine: Engine) -> None:
    """Bytes under such a key are a file, and an empty version after them takes their rows away."""
    world = World(engine, ending="/")
    file = world.put(A)
    assert world.finish(world.deliver(file)) == "RecordSuccess"
    assert world.rows() == rows_of(A)
    empty = world.deliver(world.put(b""))
    assert world.finish(empty) == "RecordSuccess"
    assert "Clean" in empty.visited
    assert world.rows() == []
    assert world.finish(world.deliver(file)) == "Superseded"


def test_a_file_that_comes_after_its_deletion_does_not_come_back(engine: Engine) -> None:
    world = World(engine, ending="/")
    file = world.put(A)
    deletion = world.delete()
    assert world.finish(world.deliver(deletion)) == "RecordFolder"
    assert world.finish(world.deliver(file)) == "Superseded"
    assert world.rows() == []


def test_an_event_that_does_not_say_its_size_is_looked_at_by_the_job(engine: Engine) -> None:
    world = World(engine, ending="/")
    made = world.put(b"")
    del made.event["size"]
    execution = world.deliver(made)
    assert world.finish(execution) == "RecordSuccess"
    assert "Clean" in execution.visited


def test_an_empty_file_is_refused_where_its_key_is_not_of_a_folder(world: World) -> None:
    assert world.finish(world.deliver(world.put(b""))) == "Failed"
    assert len(world.notified) == 1
