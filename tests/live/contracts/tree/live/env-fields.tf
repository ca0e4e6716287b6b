variable "cost_center" {
  type    = string
  default = null
}
