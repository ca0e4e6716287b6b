"""What is wrong with a contract's document is found at its place: one thing wrong a case."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from glue_jobs import odcs

from .documents import column, customs, table
from .test_odcs import ADDS, GOOD, columns

Change = Callable[[dict[str, Any]], object]
FAULTS: dict[str, tuple[Change, str, str]] = {
    "no standard": (lambda d: d.update(apiVersion="v2.2.2"), "apiVersion", "v2.2.2 is not v3.1.0 or newer"),
    "no kind": (lambda d: d.pop("kind"), "kind", "it is not a DataContract"),
    "no name": (lambda d: d.pop("name"), "name", "None is not the name of a data set"),
    "a name of SQL": (lambda d: d.update(name="x; DROP"), "name", "'x; DROP' is not the name of a data set"),
    "no version": (lambda d: d.update(version="1"), "version", "'1' is not a version"),
    "no schema": (lambda d: d.pop("schema"), "schema", "it describes no table"),
    "a schema that is not a list": (lambda d: d.update(schema={"a": 1}), "schema", "`schema` is not a list"),
    "another first table": (lambda d: d["schema"][0].update(name="x"), "schema.0.name", "the first table is 'x', the data set 'trips'"),
    "no columns": (lambda d: d["schema"][0].pop("properties"), "schema.0.properties", "the table has no columns"),
    "a column twice": (lambda d: columns(d).append(column("id", "int")), "schema.0.properties.4.name", "the column id occurs twice"),
    "a column in capitals": (lambda d: columns(d)[3].update(name="Fare"), "schema.0.properties.3.name", "'Fare' is not a column's name"),
    "a column of the platform": (lambda d: columns(d)[3].update(name="object"), "schema.0.properties.3.name", "'object' is the platform's own"),
    "a column that Snowflake refuses": (lambda d: columns(d)[3].update(name="select"), "schema.0.properties.3.name", "'select' is a reserved word of Snowflake"),
    "an added column that Snowflake refuses": (lambda d: columns(d)[2]["relationships"][0].update(customProperties=customs(adds={"order": "colour"})), "schema.0.properties.2.relationships.0.customProperties.0.value.order", "'order' is a reserved word of Snowflake"),
    "a partition that Snowflake refuses": (lambda d: (columns(d)[1].pop("partitioned"), d["schema"][0]["customProperties"].extend(customs(partition={"name": "current_date", "parts": ["id", "id", "id"]}))), "schema.0.customProperties.1.value.name", "'current_date' is a reserved word of Snowflake"),
    "an unknown type": (lambda d: columns(d)[3].update(logicalType="money"), "schema.0.properties.3.logicalType", "the column fare has the unknown type 'money'"),
    "no type": (lambda d: columns(d)[3].pop("logicalType"), "schema.0.properties.3", "the column fare has the unknown type None"),
    "a number of no kind": (lambda d: columns(d)[3].pop("physicalType"), "schema.0.properties.3", "the column fare of type number needs a physicalType"),
    "39 digits": (lambda d: columns(d)[3].update(physicalType="decimal(39,2)"), "schema.0.properties.3.physicalType", "the column fare of type number has no physicalType 'decimal(39,2)'"),
    "more places than digits": (lambda d: columns(d)[3].update(physicalType="decimal(2,3)"), "schema.0.properties.3.physicalType", "the column fare of type number has no physicalType 'decimal(2,3)'"),
    "a string that is an int": (lambda d: columns(d)[2].update(physicalType="int"), "schema.0.properties.2.physicalType", "the column line of type string has no physicalType 'int'"),
    "a rule of a reference": (lambda d: d["schema"][1]["properties"][1].update(unique=True), "schema.1", "the reference's column lines.colour has a format, rule or physicalName"),
    "a reference's row count": (lambda d: d["schema"][1].update(quality=[{"metric": "rowCount", "mustBe": 4}]), "schema.1.quality", "the jobs do not check the reference lines"),
    "an option that the jobs do not check": (lambda d: columns(d)[0].update(logicalTypeOptions={"multipleOf": 1}), "schema.0.properties.0.logicalTypeOptions.multipleOf", "the jobs do not check `multipleOf` of integer"),
    "no regular expression": (lambda d: columns(d)[2].update(logicalTypeOptions={"pattern": "(a"}), "schema.0.properties.2.logicalTypeOptions.pattern", "the pattern '(a' is not a regular expression: missing ), unterminated subpattern at position 0"),
    "a month's name": (lambda d: columns(d)[1].update(logicalTypeOptions={"format": "yyyy-MMM-dd HH"}), "schema.0.properties.1.logicalTypeOptions.format", "the format 'yyyy-MMM-dd HH' cannot be read: 'MMM' is not supported; known: yyyy, MM, dd, HH, mm, ss, X, XX, XXX, S to SSSSSSSSS"),
    "a format of a day": (lambda d: columns(d)[1].update(logicalTypeOptions={"format": "yyyy-MM-dd"}), "schema.0.properties.1.logicalTypeOptions.format", "the format 'yyyy-MM-dd' lacks HH"),
    "a format with SQL": (lambda d: columns(d)[1].update(logicalTypeOptions={"format": "yyyy)"}), "schema.0.properties.1.logicalTypeOptions.format", "the format 'yyyy)' cannot be read: it may hold letters, texts between single quotes, blanks and the marks -/.:,_"),
    "two ideas of a zone": (lambda d: columns(d)[1].update(logicalTypeOptions={"format": "yyyy-MM-dd HH", "timezone": True}), "schema.0.properties.1.logicalTypeOptions.timezone", "timezone is true, but the format 'yyyy-MM-dd HH' has none"),
    "a zone of nowhere": (lambda d: columns(d)[1].update(logicalTypeOptions={"timezone": False, "defaultTimezone": "Mars/A"}), "schema.0.properties.1.logicalTypeOptions.defaultTimezone", "'Mars/A' is not a time zone"),
    "a zone too many": (lambda d: columns(d)[1].update(logicalTypeOptions={"defaultTimezone": "Etc/UTC"}), "schema.0.properties.1.logicalTypeOptions.defaultTimezone", "each value has its own zone"),
    "no key": (lambda d: columns(d)[0].pop("primaryKey"), "schema.0", "the table trips has no key"),
    "a key that may be missing": (lambda d: columns(d)[0].pop("required"), "schema.0.properties.0", "id is part of the key and may be missing"),
    "no partition": (lambda d: columns(d)[1].pop("partitioned"), "schema.0", "the table trips has 0 columns to partition by"),
    "two partitions": (lambda d: columns(d)[0].update(partitioned=True), "schema.0", "the table trips has 2 columns to partition by"),
    "a partition that may be missing": (lambda d: columns(d)[1].pop("required"), "schema.0.properties.1", "begun is partitioned by and may be missing"),
    "a partition of text": (lambda d: (columns(d)[1].pop("partitioned"), columns(d)[2].update(partitioned=True, required=True)), "schema.0.properties.2", "line is partitioned by and has no date"),
    "a partition of what is not there": (lambda d: (columns(d)[1].pop("partitioned"), d["schema"][0]["customProperties"].extend(customs(partition={"name": "p", "parts": ["id", "id", "ids"]}))), "schema.0.customProperties.1.value", "a part of the partition is 'ids', not a column"),
    "a partition of parts that may be missing": (lambda d: (columns(d)[1].pop("partitioned"), columns(d).append(column("n", "int")), d["schema"][0]["customProperties"].extend(customs(partition={"name": "p", "parts": ["id", "id", "n"]}))), "schema.0.customProperties.1.value", "a part of the partition is n, which may be missing"),
    "a partition of two kinds": (lambda d: d["schema"][0]["customProperties"].extend(customs(partition={"name": "p", "parts": ["id", "id", "id"]})), "schema.0.customProperties.1.value", "begun is partitioned by as well"),
    "a partition that is a column": (lambda d: (columns(d)[1].pop("partitioned"), d["schema"][0]["customProperties"].extend(customs(partition={"name": "fare", "parts": ["id", "id", "id"]}))), "schema.0.customProperties.1.value.name", "'fare' is not the name of a new column"),
    "a custom property misspelt": (lambda d: d["schema"][0]["customProperties"][0].update(property="nullToken"), "schema.0.customProperties.0.property", "the custom property 'nullToken' is unknown here"),
    "null as a token": (lambda d: d["schema"][0]["customProperties"][0].update(value=[None]), "schema.0", "nullTokens is not a list of texts"),
    "a key that is not a column": (lambda d: columns(d)[2]["relationships"][0].update(to="lines.id"), "schema.0.properties.2.relationships.0.to", "'lines.id' is not a reference's key"),
    "a reference that is not there": (lambda d: columns(d)[2]["relationships"][0].update(to="stops.id"), "schema.0.properties.2.relationships.0.to", "'stops.id' is not a reference's key"),
    "a column that the reference lacks": (lambda d: columns(d)[2]["relationships"][0].update(customProperties=customs(adds={"x": "color"})), "schema.0.properties.2.relationships.0.customProperties.0.value.x", "lines has no column 'color'"),
    "an added column twice": (lambda d: columns(d)[2]["relationships"][0].update(customProperties=customs(adds={"fare": "colour"})), "schema.0", "two curated columns are called fare"),
    "a reason of the job": (lambda d: columns(d)[2]["relationships"][0].update(customProperties=customs(reason="bad_date")), "schema.0.properties.2.relationships.0.customProperties.0.value", "'bad_date' is not a reason"),
    "a circle": (lambda d: d["schema"][1]["properties"][1].update(relationships=[{"to": "trips.id"}]), "schema.1.properties.1.relationships.0", "references go in a circle: trips → lines → trips"),
    "two references of one name": (lambda d: d["schema"].append(copy.deepcopy(d["schema"][1])), "schema.2.name", "'lines' is not the name of another reference"),
    "a reference of two keys": (lambda d: d["schema"][1]["properties"][1].update(primaryKey=True, required=True), "schema.1", "the key of the reference lines has 2 columns"),
    "a standard of two numbers": (lambda d: d.update(apiVersion="v3.1"), "apiVersion", "v3.1 is not v3.1.0 or newer"),
    "the standard before": (lambda d: d.update(apiVersion="v3.0.2"), "apiVersion", "v3.0.2 is not v3.1.0 or newer"),
    "a standard to come": (lambda d: d.update(apiVersion="v3.1.0-rc1"), "apiVersion", "v3.1.0-rc1 is not v3.1.0 or newer"),
    "a name of 64 letters": (lambda d: (d.update(name="x" * 64), d["schema"][0].update(name="x" * 64)), "name", f"'{'x' * 64}' is not the name of a data set"),
    "a name that begins with a digit": (lambda d: (d.update(name="1x"), d["schema"][0].update(name="1x")), "name", "'1x' is not the name of a data set"),
    "a version with more behind it": (lambda d: d.update(version="1.0.0-rc1"), "version", "'1.0.0-rc1' is not a version"),
    "a schema that is empty": (lambda d: d.update(schema=[]), "schema", "it describes no table"),
    "a custom property of the whole": (lambda d: d.update(customProperties=customs(nullTokens=["NA"])), "customProperties.0.property", "the custom property 'nullTokens' is unknown here"),
    "a column that is a text": (lambda d: columns(d).append("fare"), "schema.0.properties.4", "a column is a mapping with a name"),
    "a column whose name is a number": (lambda d: columns(d)[3].update(name=7), "schema.0.properties.3", "a column is a mapping with a name"),
    "a column with more behind its name": (lambda d: columns(d)[3].update(name="fare €"), "schema.0.properties.3.name", "'fare €' is not a column's name"),
    "a custom property of a column": (lambda d: columns(d)[3].update(customProperties=customs(adds={})), "schema.0.properties.3.customProperties.0.property", "the custom property 'adds' is unknown here"),
    "no digits": (lambda d: columns(d)[3].update(physicalType="decimal(0,0)"), "schema.0.properties.3.physicalType", "the column fare of type number has no physicalType 'decimal(0,0)'"),
    "more behind a type": (lambda d: columns(d)[3].update(physicalType="decimal(9,2) EUR"), "schema.0.properties.3.physicalType", "the column fare of type number has no physicalType 'decimal(9,2) EUR'"),
    "a decimal that is a text": (lambda d: columns(d)[2].update(physicalType="decimal(9,2)"), "schema.0.properties.2.physicalType", "the column line of type string has no physicalType 'decimal(9,2)'"),
    "a date with its hour": (lambda d: columns(d).append(column("day", "date", logicalTypeOptions={"format": "yyyy-MM-dd HH"})), "schema.0.properties.4.logicalTypeOptions.format", "the format 'yyyy-MM-dd HH' is of more than a date"),
    "a date without its day": (lambda d: columns(d).append(column("day", "date", logicalTypeOptions={"format": "yyyy-MM"})), "schema.0.properties.4.logicalTypeOptions.format", "the format 'yyyy-MM' lacks dd"),
    "a zone in the format alone": (lambda d: columns(d)[1].update(logicalTypeOptions={"format": "yyyy-MM-dd HH X", "timezone": False}), "schema.0.properties.1.logicalTypeOptions.timezone", "timezone is false, but the format 'yyyy-MM-dd HH X' has a zone"),
    "a zone beside a format's own": (lambda d: columns(d)[1].update(logicalTypeOptions={"format": "yyyy-MM-dd HH XXX", "defaultTimezone": "Etc/UTC"}), "schema.0.properties.1.logicalTypeOptions.defaultTimezone", "each value has its own zone"),
    "a zone that is a path": (lambda d: columns(d)[1].update(logicalTypeOptions={"timezone": False, "defaultTimezone": "../x"}), "schema.0.properties.1.logicalTypeOptions.defaultTimezone", "'../x' is not a time zone"),
    "a token that is empty": (lambda d: d["schema"][0]["customProperties"][0].update(value=["NA", ""]), "schema.0", "nullTokens is not a list of texts"),
    "a token alone": (lambda d: d["schema"][0]["customProperties"][0].update(value="NA"), "schema.0", "nullTokens is not a list of texts"),
    "a partition that is a word": (lambda d: (columns(d)[1].pop("partitioned"), d["schema"][0]["customProperties"].extend(customs(partition="begun"))), "schema.0.customProperties.1.value", "a partition has name, parts and withinADayOf"),
    "a partition without a name": (lambda d: (columns(d)[1].pop("partitioned"), d["schema"][0]["customProperties"].extend(customs(partition={"parts": ["id", "id", "id"]}))), "schema.0.customProperties.1.value", "a partition has name, parts and withinADayOf"),
    "a partition with a zone": (lambda d: (columns(d)[1].pop("partitioned"), d["schema"][0]["customProperties"].extend(customs(partition={"name": "p", "parts": ["id", "id", "id"], "zone": "Etc/UTC"}))), "schema.0.customProperties.1.value", "a partition has name, parts and withinADayOf"),
    "a partition of two parts": (lambda d: (columns(d)[1].pop("partitioned"), d["schema"][0]["customProperties"].extend(customs(partition={"name": "p", "parts": ["id", "id"]}))), "schema.0.customProperties.1.value.parts", "a date has three parts"),
    "a partition of parts in a word": (lambda d: (columns(d)[1].pop("partitioned"), d["schema"][0]["customProperties"].extend(customs(partition={"name": "p", "parts": "ymd"}))), "schema.0.customProperties.1.value.parts", "a date has three parts"),
    "a partition of the platform": (lambda d: (columns(d)[1].pop("partitioned"), d["schema"][0]["customProperties"].extend(customs(partition={"name": "object", "parts": ["id", "id", "id"]}))), "schema.0.customProperties.1.value.name", "'object' is not the name of a new column"),
    "a partition with more behind its name": (lambda d: (columns(d)[1].pop("partitioned"), d["schema"][0]["customProperties"].extend(customs(partition={"name": "day!", "parts": ["id", "id", "id"]}))), "schema.0.customProperties.1.value.name", "'day!' is not the name of a new column"),
    "a part that is not a number": (lambda d: (columns(d)[1].pop("partitioned"), d["schema"][0]["customProperties"].extend(customs(partition={"name": "p", "parts": ["id", "begun", "id"]}))), "schema.0.customProperties.1.value", "a part of the partition is begun, of type timestamp"),
    "a partition near a number": (lambda d: (columns(d)[1].pop("partitioned"), d["schema"][0]["customProperties"].extend(customs(partition={"name": "p", "parts": ["id", "id", "id"], "withinADayOf": "id"}))), "schema.0.customProperties.1.value", "withinADayOf is id, of type bigint"),
    "a partition near what may be missing": (lambda d: (columns(d)[1].pop("partitioned"), columns(d)[1].pop("required"), d["schema"][0]["customProperties"].extend(customs(partition={"name": "p", "parts": ["id", "id", "id"], "withinADayOf": "begun"}))), "schema.0.customProperties.1.value", "withinADayOf is begun, which may be missing"),
    "a reference in capitals": (lambda d: (columns(d)[2].pop("relationships"), d["schema"][1].update(name="Lines")), "schema.1.name", "'Lines' is not the name of another reference"),
    "a reference with more behind its name": (lambda d: (columns(d)[2].pop("relationships"), d["schema"][1].update(name="lines/2")), "schema.1.name", "'lines/2' is not the name of another reference"),
    "a reference of two null tokens": (lambda d: d["schema"][1].update(customProperties=customs(nullTokens=["NA", "-"])), "schema.1", "the reference lines has 2 null tokens"),
    "a format of a reference": (lambda d: d["schema"][1].update(customProperties=customs(format={"delimiter": ";"})), "schema.1.customProperties.0.property", "the custom property 'format' is unknown here"),
    "a format of a reference's column": (lambda d: d["schema"][1]["properties"].append(column("since", "date", logicalTypeOptions={"format": "dd.MM.yyyy"})), "schema.1", "the reference's column lines.since has a format, rule or physicalName"),
    "a zone of a reference's column": (lambda d: d["schema"][1]["properties"].append(column("since", "timestamp", logicalTypeOptions={"timezone": False})), "schema.1", "the reference's column lines.since has a format, rule or physicalName"),
    "a header of a reference's column": (lambda d: d["schema"][1]["properties"][1].update(physicalName="Colour"), "schema.1", "the reference's column lines.colour has a format, rule or physicalName"),
    "a reference without a key": (lambda d: (columns(d)[2].pop("relationships"), d["schema"][1]["properties"][0].pop("primaryKey")), "schema.1", "the table lines has no key"),
    "a relation that is a text": (lambda d: columns(d)[2].update(relationships=["lines.line"]), "schema.0.properties.2.relationships.0.to", "None is not a reference's key"),
    "a join of a custom property that is unknown": (lambda d: columns(d)[2]["relationships"][0]["customProperties"].extend(customs(partition=1)), "schema.0.properties.2.relationships.0.customProperties.1.property", "the custom property 'partition' is unknown here"),
    "added columns in a list": (lambda d: columns(d)[2]["relationships"][0].update(customProperties=customs(adds=["colour"])), "schema.0.properties.2.relationships.0", "`adds` is not a mapping"),
    "an added column in capitals": (lambda d: columns(d)[2]["relationships"][0].update(customProperties=customs(adds={"Colour": "colour"})), "schema.0.properties.2.relationships.0.customProperties.0.value.Colour", "'Colour' is not a column's name"),
    "an added column of the platform": (lambda d: columns(d)[2]["relationships"][0].update(customProperties=customs(adds={"object_id": "colour"})), "schema.0", "two curated columns are called object_id"),
    "an added column of the partition": (lambda d: columns(d)[2]["relationships"][0].update(customProperties=customs(adds={"begun_date": "colour"})), "schema.0", "two curated columns are called begun_date"),
    "an added column of another join": (lambda d: columns(d).append(column("last_line", "string", relationships=[ADDS])), "schema.0", "two curated columns are called line_colour"),
    "a reason with more behind it": (lambda d: columns(d)[2]["relationships"][0].update(customProperties=customs(reason="unknown_line!")), "schema.0.properties.2.relationships.0.customProperties.0.value", "'unknown_line!' is not a reason"),
    "a reason behind the added columns": (lambda d: columns(d)[2]["relationships"][0]["customProperties"].extend(customs(reason="lost")), "schema.0.properties.2.relationships.0.customProperties.1.value", "'lost' is not a reason"),
    "a reference to what is not there": (lambda d: d["schema"][1]["properties"][1].update(relationships=[{"to": "stops.id"}]), "schema.1.properties.1.relationships.0", "'stops.id' is not a table of this contract"),
    "a reference that joins": (lambda d: (d["schema"].append(table("stops", [column("id", "int", required=True, primaryKey=True)])), d["schema"][1]["properties"][1].update(relationships=[{"to": "stops.id", "customProperties": customs(adds={"stop": "id"})}])), "schema.1.properties.1.relationships.0", "the reference lines joins nothing itself"),
    "a table that refers to itself": (lambda d: d["schema"][1]["properties"][1].update(relationships=[{"to": "lines.line"}]), "schema.1.properties.1.relationships.0", "references go in a circle: lines → lines"),
    "a circle that the data set is outside": (lambda d: (d["schema"].append(table("stops", [column("id", "int", required=True, primaryKey=True, relationships=[{"to": "lines.line"}])])), d["schema"][1]["properties"][1].update(relationships=[{"to": "stops.id"}])), "schema.2.properties.0.relationships.0", "references go in a circle: lines → stops → lines"),
    "allowed values twice": (lambda d: columns(d)[2].update(enum=["a"], quality=[{"metric": "invalidValues", "arguments": {"validValues": ["b"]}, "mustBe": 0}]), "schema.0.properties.2.quality.0", "the allowed values occur twice"),
    "allowed values that are not a list": (lambda d: columns(d)[2].update(quality=[{"metric": "invalidValues", "arguments": {"validValues": "ab"}, "mustBe": 0}]), "schema.0.properties.2.quality.0.arguments.validValues", "the allowed values are not a list"),
    "invalid values without a rule": (lambda d: columns(d)[2].update(quality=[{"metric": "invalidValues", "mustBe": 0}]), "schema.0.properties.2.quality.0", "invalidValues has no rule"),
    "arguments that are a list": (lambda d: columns(d)[2].update(quality=[{"metric": "invalidValues", "arguments": ["a"], "mustBe": 0}]), "schema.0.properties.2.quality.0", "invalidValues has no rule"),
    "a pattern of numbers": (lambda d: columns(d)[0].update(quality=[{"metric": "invalidValues", "arguments": {"pattern": "1"}, "mustBe": 0}]), "schema.0.properties.0.quality.0.arguments.pattern", "a pattern of bigint"),
    "an argument of what has none": (lambda d: columns(d)[0].update(quality=[{"metric": "duplicateValues", "arguments": {"properties": ["id"]}, "mustBe": 0}]), "schema.0.properties.0.quality.0.arguments.properties", "the argument 'properties' is unknown here"),
    "missing values": (lambda d: columns(d)[2].update(quality=[{"metric": "missingValues", "mustBe": 0}]), "schema.0.properties.2.quality.0", "the jobs do not check `missingValues`"),
    "another threshold beside the right one": (lambda d: columns(d)[0].update(quality=[{"metric": "duplicateValues", "mustBe": 0, "mustBeLessThan": 1}]), "schema.0.properties.0.quality.0", "duplicateValues has another threshold than 0"),
    "no threshold": (lambda d: columns(d)[0].update(quality=[{"metric": "duplicateValues"}]), "schema.0.properties.0.quality.0", "duplicateValues has another threshold than 0"),
    "a rule that is a text": (lambda d: columns(d)[0].update(quality=["unique"]), "schema.0.properties.0.quality.0", "a rule is a mapping"),
    "rules that are not a list": (lambda d: columns(d)[0].update(quality={"metric": "duplicateValues"}), "schema.0.properties.0.quality", "`quality` is not a list"),
    "a rule with a schedule": (lambda d: columns(d)[0].update(quality=[{"metric": "duplicateValues", "mustBe": 0, "scheduler": "cron"}]), "schema.0.properties.0.quality.0.scheduler", "the jobs do not check `scheduler` of a rule"),
    "a rule of a type and a metric that are unknown": (lambda d: columns(d)[0].update(quality=[{"type": "sql", "metric": "duplicateValues", "mustBe": 0}]), "schema.0.properties.0.quality.0", "the jobs do not check rules of the type sql"),
    "columns together that are not named": (lambda d: d["schema"][0].update(quality=[{"metric": "duplicateValues", "mustBe": 0}]), "schema.0.quality.0", "duplicateValues names no columns"),
    "columns together in a word": (lambda d: d["schema"][0].update(quality=[{"metric": "duplicateValues", "arguments": {"properties": "id"}, "mustBe": 0}]), "schema.0.quality.0", "duplicateValues names no columns"),
    "columns together of which there are none": (lambda d: d["schema"][0].update(quality=[{"metric": "duplicateValues", "arguments": {"properties": []}, "mustBe": 0}]), "schema.0.quality.0", "duplicateValues names no columns"),
    "columns together with another threshold": (lambda d: d["schema"][0].update(quality=[{"metric": "duplicateValues", "arguments": {"properties": ["id"]}, "mustBe": 1}]), "schema.0.quality.0", "duplicateValues has another threshold than 0"),
    "a row count with an argument": (lambda d: d["schema"][0].update(quality=[{"metric": "rowCount", "arguments": {"properties": ["id"]}, "mustBe": 5}]), "schema.0.quality.0.arguments.properties", "the argument 'properties' is unknown here"),
    "a row count of two thresholds": (lambda d: d["schema"][0].update(quality=[{"metric": "rowCount", "mustBeGreaterThan": 1, "mustBeLessThan": 5}]), "schema.0.quality.0", "rowCount has not one threshold in numbers"),
    "a row count of no threshold": (lambda d: d["schema"][0].update(quality=[{"metric": "rowCount"}]), "schema.0.quality.0", "rowCount has not one threshold in numbers"),
    "a row count that must not be": (lambda d: d["schema"][0].update(quality=[{"metric": "rowCount", "mustNotBe": 5}]), "schema.0.quality.0", "rowCount has not one threshold in numbers"),
    "a row count of a truth value": (lambda d: d["schema"][0].update(quality=[{"metric": "rowCount", "mustBe": True}]), "schema.0.quality.0", "rowCount has not one threshold in numbers"),
    "a row count between three": (lambda d: d["schema"][0].update(quality=[{"metric": "rowCount", "mustBeBetween": [1, 2, 3]}]), "schema.0.quality.0", "rowCount has not one threshold in numbers"),
    "a row count between a number and a word": (lambda d: d["schema"][0].update(quality=[{"metric": "rowCount", "mustBeBetween": [1, "many"]}]), "schema.0.quality.0", "rowCount has not one threshold in numbers"),
    "row counts of two rules that no file has": (lambda d: d["schema"][0].update(quality=[{"metric": "rowCount", "mustBeGreaterThan": 5}, {"metric": "rowCount", "mustBeLessOrEqualTo": 5}]), "schema.0.quality.1", "no number of rows is allowed"),
    "a range without its only value": (lambda d: columns(d)[0].update(logicalTypeOptions={"minimum": 1, "exclusiveMaximum": 1}), "schema.0.properties.0.logicalTypeOptions", "no value is allowed: the range goes from 1 to 1"),
    "a range without its only value, from below": (lambda d: columns(d)[0].update(logicalTypeOptions={"exclusiveMinimum": 1, "maximum": 1}), "schema.0.properties.0.logicalTypeOptions", "no value is allowed: the range goes from 1 to 1"),
    "a length below zero": (lambda d: columns(d)[2].update(logicalTypeOptions={"minLength": -1}), "schema.0.properties.2.logicalTypeOptions.minLength", "minLength -1 is not a length"),
    "a length that is a truth value": (lambda d: columns(d)[2].update(logicalTypeOptions={"maxLength": True}), "schema.0.properties.2.logicalTypeOptions.maxLength", "maxLength True is not a length"),
    "an option of a truth value": (lambda d: columns(d).append(column("c", "boolean", logicalTypeOptions={"pattern": "t"})), "schema.0.properties.4.logicalTypeOptions.pattern", "the jobs do not check `pattern` of boolean"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_has_its_place(name: str) -> None:
    change, place, message = FAULTS[name]
    changed = copy.deepcopy(GOOD)
    change(changed)
    with pytest.raises(odcs.ContractError) as caught:
        odcs.from_document(changed)
    (fault,) = caught.value.faults
    assert (".".join(map(str, fault.path)), fault.message) == (place, message)
    assert fault.remedy


def test_the_error_tells_all_faults_with_their_places_and_remedies() -> None:
    with pytest.raises(odcs.ContractError) as caught:
        odcs.from_document([])
    assert str(caught.value) == (
        "the data contract cannot be used: the document: a contract is a mapping "
        "(begin with apiVersion, kind, id, version and name)"
    )
    changed = copy.deepcopy(GOOD)
    changed.update(kind="Data", version=1)
    with pytest.raises(odcs.ContractError) as caught:
        odcs.from_document(changed)
    assert str(caught.value) == (
        "the data contract cannot be used: kind: it is not a DataContract (write kind: DataContract); "
        "version: 1 is not a version (write three numbers: 1.0.0)"
    )
