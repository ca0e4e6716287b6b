locals {
  tags = { component = "eventbridge" }

  # Zero-size objects match unless min_bytes says otherwise: an empty file has to end as a failed execution, not unseen.
  patterns = {
    for name, r in var.rules : name => jsonencode({
      source      = ["aws.s3"]
      detail-type = sort(r.pattern.detail_types)
      detail = {
        bucket = { name = [format(local.bucket, r.pattern.bucket)] }
        object = merge(
          { key = [for prefix in sort(r.pattern.key_prefixes) : { wildcard = "${prefix}*${r.pattern.key_suffix}" }] },
          { for size in r.pattern.min_bytes > 0 ? ["size"] : [] : size => [{ numeric = [">=", r.pattern.min_bytes] }] },
        )
      }
    })
  }

  # Only what the pipeline needs. EventBridge puts the quotes and escapes itself where a variable stands for a value.
  # Events of a bucket without versions have no version id: between quotes that leaves an empty string, and valid JSON.
  transformer = {
    paths = {
      bucket     = "$.detail.bucket.name"
      etag       = "$.detail.object.etag"
      event_id   = "$.id"
      key        = "$.detail.object.key"
      sequencer  = "$.detail.object.sequencer"
      size       = "$.detail.object.size"
      time       = "$.time"
      version_id = "$.detail.object.version-id"
    }
    template = <<-EOT
      {"bucket": <bucket>, "key": <key>, "etag": <etag>, "version_id": "<version_id>", "size": <size>, "sequencer": <sequencer>, "event_id": <event_id>, "time": <time>}
    EOT
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = var.rules

  name          = format(local.name, each.key)
  description   = each.value.description
  event_pattern = local.patterns[each.key]
  state         = each.value.enabled ? "ENABLED" : "DISABLED"
  tags          = local.tags
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = var.rules

  rule      = aws_cloudwatch_event_rule.this[each.key].name
  target_id = each.value.state_machine
  arn       = format(local.arn, "states", "stateMachine:${format(local.name, each.value.state_machine)}")
  role_arn  = var.role_arn

  input_transformer {
    input_paths    = coalesce(each.value.transformer, local.transformer).paths
    input_template = coalesce(each.value.transformer, local.transformer).template
  }

  retry_policy {
    maximum_event_age_in_seconds = each.value.retry.max_age_seconds
    maximum_retry_attempts       = each.value.retry.max_attempts
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters[each.key].arn
  }
}

resource "aws_cloudwatch_event_archive" "this" {
  for_each = { for name, r in var.rules : name => r if r.archive_days != null }

  name             = format(local.name, each.key)
  description      = "Events of the rule ${format(local.name, each.key)}, to be replayed"
  event_source_arn = format(local.arn, "events", "event-bus/default")
  event_pattern    = local.patterns[each.key]
  retention_days   = each.value.archive_days
}
