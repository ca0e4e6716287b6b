"""What checkov is given: unknown values that somebody set are there, those that nobody set are not."""

from __future__ import annotations

import copy
from typing import Any

from strata.lint.checkov_input import LATER, with_unknowns


def test_what_is_set_by_a_reference_and_unknown_is_filled() -> None:
    values: dict[str, Any] = {"name": "x", "sse": [{"enabled": True}], "list": None}
    address = 'module.a.module.b.aws_x.this["k"]'
    resource = {"address": address, "type": "aws_x", "name": "this", "mode": "managed"}
    document: dict[str, Any] = {
        "planned_values": {
            "root_module": {
                "child_modules": [{"child_modules": [{"resources": [{**resource, "values": values}]}]}]
            }
        },
        "resource_changes": [
            {
                **resource,
                "module_address": "module.a.module.b",
                "change": {
                    "after": copy.deepcopy(values),
                    "after_unknown": {"id": True, "key": True, "sse": [{"key_arn": True, "id": True}]},
                },
            }
        ],
        "configuration": {
            "root_module": {
                "module_calls": {
                    "a": {
                        "module": {
                            "module_calls": {
                                "b": {
                                    "module": {
                                        "resources": [
                                            {
                                                "address": "aws_x.this",
                                                "type": "aws_x",
                                                "name": "this",
                                                "expressions": {
                                                    "key": {"references": ["var.key"]},
                                                    "name": {"constant_value": "x"},
                                                    "sse": [{"key_arn": {"references": ["var.key"]}}],
                                                },
                                            }
                                        ]
                                    }
                                }
                            }
                        }
                    }
                }
            }
        },
    }
    untouched = copy.deepcopy(document)
    made = with_unknowns(document)
    assert document == untouched
    wanted = {"name": "x", "list": None, "key": LATER, "sse": [{"enabled": True, "key_arn": LATER}]}
    assert (
        made["planned_values"]["root_module"]["child_modules"][0]["child_modules"][0]["resources"][0][
            "values"
        ]
        == wanted
    )
    assert made["resource_changes"][0]["change"]["after"] == wanted
