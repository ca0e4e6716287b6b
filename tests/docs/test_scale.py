"""What docs/scale.md computes, by hand."""

from __future__ import annotations

import pytest

from strata.docs.scale import Scale, read, scale

FACTS = {
    "glue_dpu_hour": 0.36, "glue_least_seconds": 60, "transition": 0.0, "lambda_request": 0.0, "lambda_gb_second": 0.0,
    "event": 0.0, "sqs_request": 0.0, "dynamodb_write": 0.0, "workers": 2, "start_seconds": 26, "first_seconds": 40,
    "each_seconds": 2, "window_seconds": 900, "batch": 500, "lambda_gb_seconds": 0, "states": 0, "batch_states": 0,
    "object_states": 0, "claim_writes": 0, "sqs_requests": 0,
}  # fmt: skip


def test_an_object_alone_costs_two_runs_of_the_least_length() -> None:
    # 2 workers for 60 s at 0.0001 dollars a second each: 0.012 a run.
    day = Scale(FACTS).each_alone(1000)
    assert day.dollars == pytest.approx(24.0)
    # 2,000 runs of 66 s in a day of 86,400 s.
    assert (day.runs, day.at_once) == (2000, 2)


def test_a_batch_shares_its_runs() -> None:
    # 96 windows with 100 objects each: 40 + 99 * 2 = 238 s, 0.0476 a run.
    day = Scale(FACTS).in_batches(9600)
    assert (day.runs, day.dollars) == (192, pytest.approx(9.1392))
    # Two runs of 264 s one after the other fit into a window.
    assert day.at_once == 1


def test_a_large_window_has_several_batches() -> None:
    # 96 windows with 1,000 objects: two batches of 500, 40 + 499 * 2 = 1,038 s, 0.2076 a run.
    day = Scale(FACTS).in_batches(96_000)
    assert (day.runs, day.dollars) == (384, pytest.approx(79.7184))
    # (26 + 1,038) * 2 = 2,128 s, more than two windows: three of two batches at once.
    assert day.at_once == 6


def test_few_objects_are_as_dear_in_batches() -> None:
    assert Scale(FACTS).in_batches(96).dollars == pytest.approx(Scale(FACTS).each_alone(96).dollars)
    assert Scale(FACTS).break_even() == 97


def test_what_is_paid_beside_glue() -> None:
    facts = FACTS | {
        "glue_dpu_hour": 0.0,
        "transition": 1.0,
        "states": 11,
        "object_states": 4,
        "batch_states": 14,
    }
    assert Scale(facts).each_alone(10).dollars == 110
    # Ten windows with an object each.
    assert Scale(facts).in_batches(10).dollars == 180
    facts = FACTS | {
        "glue_dpu_hour": 0.0,
        "event": 1.0,
        "sqs_request": 10.0,
        "sqs_requests": 1.5,
        "claim_writes": 2,
        "dynamodb_write": 100.0,
    }
    assert Scale(facts).each_alone(1).dollars == 201
    assert Scale(facts).in_batches(1).dollars == 216
    facts = FACTS | {
        "glue_dpu_hour": 0.0,
        "lambda_request": 1.0,
        "lambda_gb_second": 10.0,
        "lambda_gb_seconds": 3,
    }
    assert Scale(facts).each_alone(2).dollars == 64
    assert Scale(facts).in_batches(192).dollars == 96 * 32


def test_how_many_objects_fit() -> None:
    # 5 runs at once, 66 s each.
    assert Scale(FACTS).most_alone(5) == 6545


def test_the_machine_has_as_many_states_as_is_assumed() -> None:
    happy = [
        "CheckKind", "CheckVersionId", "ReadGenerations", "FindGeneration", "Claim", "ChooseJob", "Clean", "Curate",
        "Refresh", "Reconcile", "RecordSuccess",
    ]  # fmt: skip
    assert read()["assumed"]["states"]["value"] == len(happy)
    assert scale().break_even() == 97
