output "function_names" {
  description = "Full name of each function by its short name."
  value       = { for name, function in aws_lambda_function.this : name => function.function_name }
}

output "layer_arn" {
  description = "ARN of the version of the shared layer, for the functions of other units."
  value       = aws_lambda_layer_version.libraries.arn
}
