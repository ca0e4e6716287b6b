output "role_arns" {
  description = "ARN of each role by its short name."
  value       = { for name in keys(aws_iam_role.this) : name => format(local.role_arn, name) }
  # Whoever is given a role's ARN may rely on its permissions.
  depends_on = [aws_iam_role_policy.this]
}
