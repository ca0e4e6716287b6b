output "ids" {
  value = { for name, box in terraform_data.this : name => box.id }
}

output "names" {
  value = { for name, box in terraform_data.this : name => box.input.name }
}

output "tags" {
  value = var.tags
}
