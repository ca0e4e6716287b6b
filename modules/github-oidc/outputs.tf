output "role_arns" {
  description = "ARN of the role to plan with and of the role to apply with."
  value       = { for name in keys(aws_iam_role.this) : name => format(local.role_arn, name) }
}
