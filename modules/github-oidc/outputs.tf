output "role_arns" {
  description = "ARN of the role to plan with and of the role to apply with."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}
