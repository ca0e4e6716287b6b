# Calls another module: its resources have addresses in it, and it refuses what this one hands on.

variable "context" {
  type = object({ environment = string })
}

variable "name" {
  type = string
}

variable "sizes" {
  type    = map(number)
  default = { small = 2 }
}

module "box" {
  source  = "../box"
  context = var.context
  name    = var.name
  sizes   = var.sizes
}

output "names" {
  value = module.box.names
}
