output "role_arns" {
  description = "ARN of each role by its short name."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
  # Whoever is given a role's ARN may rely on its permissions.
  depends_on = [aws_iam_role_policy.this]
}
