# The machine that processes objects again, of which the claims are the list.

locals {
  # As long as a state's 256 KB allow: a key has 1,024 bytes at most. One may fail without ending the others.
  reprocess_page_size = 100

  reprocess_scan = join(" ", [
    "{% ( $f := $states.input;",
    "$merge([{'TableName': '${format(local.name, "claims")}', 'Limit': ${local.reprocess_page_size}, 'ConsistentRead': true,",
    "'FilterExpression': $join([",
    "'attribute_exists(#key) AND #etag <> :deleted AND #status <> :folder',",
    "$f.prefix ? 'begins_with(#key, :prefix)',",
    "$f.since ? '#claimed_at >= :since',",
    "$f.reason ? '(contains(#reconciliation, :quarantined) OR contains(#cause, :refused))'], ' AND '),",
    "'ExpressionAttributeNames': $merge([{'#key': 'key', '#etag': 'etag', '#status': 'status'},",
    "$f.since ? {'#claimed_at': 'claimed_at'} : {},",
    "$f.reason ? {'#reconciliation': 'reconciliation', '#cause': 'cause'} : {}]),",
    "'ExpressionAttributeValues': $merge([{':deleted': {'S': 'deleted'}, ':folder': {'S': 'FOLDER'}},",
    "$f.prefix ? {':prefix': {'S': $f.prefix}} : {},",
    "$f.since ? {':since': {'S': $f.since}} : {},",
    "$f.reason ? {':quarantined': {'S': '\"' & $f.reason & '\"'}, ':refused': {'S': 'RefusedObject: ' & $f.reason}} : {}])},",
    "$exists($f.next) ? {'ExclusiveStartKey': $f.next} : {}]) ) %}",
  ])
  reprocess_page = join(" ", [
    "{% ( $result := $states.result;",
    "$merge([$sift($states.input, function($v, $k) { $k != 'next' }),",
    "$exists($result.LastEvaluatedKey) ? {'next': $result.LastEvaluatedKey} : {},",
    "{'events': [$map($result.Items, function($i) { (",
    "$shown := $i.status.S = 'SUPERSEDED' and $exists($i.processed_etag.S);",
    "{'bucket': $i.bucket.S, 'key': $i.key.S,",
    "'etag': $shown ? $i.processed_etag.S : $i.etag.S,",
    "'version_id': $shown ? $i.processed_version_id.S : $i.version_id.S,",
    "'sequencer': $shown ? $i.processed_sequencer.S : $i.sequencer.S} ) })]}]) ) %}",
  ])
}

module "reprocess" {
  source  = "../stepfunctions"
  context = var.context
  count   = var.reprocess == null ? 0 : 1

  definition = templatefile("${path.module}/templates/reprocess.asl.json", {
    max_concurrency   = var.reprocess.max_concurrency
    page              = local.reprocess_page
    page_size         = local.reprocess_page_size
    partition         = var.context.partition
    retry             = jsonencode([merge(jsondecode(local.retry.dynamodb)[0], { ErrorEquals = sort([for e in local.retries.dynamodb.errors : replace(e, "DynamoDB.", "DynamoDb.")]) })])
    scan              = local.reprocess_scan
    state_machine_arn = format(local.arn, "states", "stateMachine:${format(local.name, "pipeline")}")
  })
  kms_key_arn        = var.kms_key_arn
  log_level          = var.log_level
  log_retention_days = var.log_retention_days
  name               = "reprocess"
  opt_out            = { for default, o in var.opt_out : default => o if default != "point_in_time_recovery" }
  role_arn           = var.reprocess.role_arn
}
