# Before 1.0.0 the module was modules/stepfunctions 1, which made the machine itself.
moved {
  from = aws_sfn_state_machine.pipeline
  to   = module.machine.aws_sfn_state_machine.this
}

moved {
  from = aws_sfn_alias.pipeline
  to   = module.machine.aws_sfn_alias.this
}

moved {
  from = aws_cloudwatch_log_group.pipeline
  to   = module.machine.aws_cloudwatch_log_group.this
}
