variable "names" {
  type = set(string)
}

resource "terraform_data" "this" {
  for_each = var.names
  input    = each.key
}
