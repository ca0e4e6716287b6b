variable "words" {
  type    = list(string)
  default = ["a"]
}

resource "terraform_data" "this" {
  input = var.words[0]
}

output "name" {
  value = "plain"
}

locals {
  # An error that Terraform pins on no resource and no variable: only the file names the module.
  second = length(var.words) > 1 ? tonumber(var.words[1]) : 0
}

output "second" {
  value = local.second
}
