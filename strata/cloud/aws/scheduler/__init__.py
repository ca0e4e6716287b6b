"""EventBridge Scheduler: schedules with targets of their own, invoked as their roles."""
