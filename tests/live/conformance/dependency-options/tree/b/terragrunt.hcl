dependency "skipped" {
  config_path                             = "../a"
  skip_outputs                            = true
  mock_outputs                            = { id = "skipped" }
  mock_outputs_allowed_terraform_commands = ["render", "plan"]
}

dependency "off" {
  config_path  = "../nowhere"
  enabled      = false
  mock_outputs = { id = "off" }
}

dependency "merged" {
  config_path                             = "../a"
  mock_outputs                            = { id = "merged", deep = { x = 1, list = [1] } }
  mock_outputs_merge_strategy_with_state  = "deep_map_only"
  mock_outputs_allowed_terraform_commands = ["render", "validate"]
}

dependency "old" {
  config_path                   = "../a"
  mock_outputs                  = { id = "old" }
  mock_outputs_merge_with_state = true
}

inputs = {
  skipped = dependency.skipped.outputs.id
  off     = dependency.off.outputs.id
  merged  = dependency.merged.outputs
  old     = dependency.old.outputs.id
}
