output "dead_letter_queue_names" {
  description = "Name of the queue of each asynchronous function by its short name."
  value       = { for name, queue in aws_sqs_queue.dead_letters : name => queue.name }
}

output "function_arns" {
  description = "ARN of each function by its short name."
  value       = { for name in keys(aws_lambda_function.this) : name => format(local.arn, "lambda", "function:${format(local.name, name)}") }
}

output "function_names" {
  description = "Full name of each function by its short name."
  value       = { for name, function in aws_lambda_function.this : name => function.function_name }
}

output "layer_arns" {
  description = "ARN of the version of each layer by its short name, for the functions of other units."
  value       = { for name, layer in aws_lambda_layer_version.this : name => layer.arn }
}

output "opt_outs" {
  description = "Security defaults that are switched off, and why."
  value       = { for name, f in var.functions : name => { for default, o in f.opt_out : default => o.reason } if length(f.opt_out) > 0 }
}
