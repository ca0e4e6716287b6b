output "provider_arn" {
  description = "ARN of GitHub's OIDC provider."
  value       = local.provider_arn
}

output "role_arns" {
  description = "ARN of the role to plan with and of the role to apply with."
  value       = { for name in keys(aws_iam_role.this) : name => format(local.role_arn, name) }
}

output "services_boundary_arn" {
  description = "ARN of the policy that bounds the roles of services."
  value       = local.bound
}

output "subjects" {
  description = "The subjects of GitHub's tokens that open each role."
  value       = { for name, role in local.roles : name => role.subjects }
}
