output "opt_outs" {
  description = "Security defaults that are switched off, and why."
  value       = { for default, o in var.opt_out : default => o.reason }
}

output "permissions_boundary_arn" {
  description = "ARN of the policy that bounds every role; null if they opted out of it."
  value       = local.boundary_arn
}

output "role_arns" {
  description = "ARN of each role by its short name."
  value       = { for name in keys(aws_iam_role.this) : name => format(local.role_arn, name) }
  # Whoever is given a role's ARN may rely on its permissions.
  depends_on = [aws_iam_role_policy.this]
}
