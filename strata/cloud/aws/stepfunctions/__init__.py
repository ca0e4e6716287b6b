"""Step Functions: definitions, executions and their tasks."""
