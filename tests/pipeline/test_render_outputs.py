"""`strata live render --outputs` on a running platform: the values that its states hold, not the mocks."""

from __future__ import annotations

import json

import pytest

from tests.pipeline.conftest import Up


def trust(up: Up, *options: str) -> str:
    """What the role of Snowflake is rendered to trust: outputs of another unit."""
    done = up.checkout.run("live", "render", "live/dev/iam", "--json", *options)
    assert done.returncode == 0, done.stderr
    return json.dumps(json.loads(done.stdout)["inputs"]["roles"]["snowflake"]["trust"])


@pytest.mark.spark
@pytest.mark.terraform
def test_outputs_are_those_of_the_states(up: Up) -> None:
    assert "mock-000000000000" in trust(up)
    place = {
        "Bucket": "strata-tfstate-dev-111122223333",
        "Key": "live/dev/snowflake-integration/terraform.tfstate",
    }
    outputs = json.loads(up.client("s3").get_object(**place)["Body"].read())["outputs"]
    found = trust(up, "--outputs")
    assert "mock-000000000000" not in found
    for name in ("external_id", "user_arn"):
        assert json.dumps(outputs[name]["value"]) in found
