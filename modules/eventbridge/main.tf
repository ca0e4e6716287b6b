locals {
  rule = format(local.name, "raw-objects")
  tags = { component = "eventbridge" }
}

# Zero-size objects match as well: an empty file has to end as a failed execution, not unseen.
resource "aws_cloudwatch_event_rule" "raw_objects" {
  name        = local.rule
  description = "An object arrived in raw"
  tags        = local.tags

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail = {
      bucket = { name = [format(local.bucket, "raw")] }
      object = { key = [{ wildcard = "${var.key_prefix}*${var.key_suffix}" }] }
    }
  })
}

resource "aws_cloudwatch_event_target" "pipeline" {
  rule      = aws_cloudwatch_event_rule.raw_objects.name
  target_id = "pipeline"
  arn       = format(local.arn, "states", "stateMachine:${format(local.name, "pipeline")}")
  role_arn  = var.role_arn

  # Only what the pipeline needs. EventBridge puts the quotes and escapes itself where a variable stands for a value.
  # Raw is versioned, so every event has a version id.
  input_transformer {
    input_paths = {
      bucket     = "$.detail.bucket.name"
      etag       = "$.detail.object.etag"
      event_id   = "$.id"
      key        = "$.detail.object.key"
      sequencer  = "$.detail.object.sequencer"
      size       = "$.detail.object.size"
      time       = "$.time"
      version_id = "$.detail.object.version-id"
    }
    input_template = <<-EOT
      {"bucket": <bucket>, "key": <key>, "etag": <etag>, "version_id": <version_id>, "size": <size>, "sequencer": <sequencer>, "event_id": <event_id>, "time": <time>}
    EOT
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }
}
