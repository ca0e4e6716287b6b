terraform {
  required_providers {
    nowhere = {
      source = "example.invalid/nobody/nowhere"
    }
  }
}

resource "nowhere_thing" "this" {}
