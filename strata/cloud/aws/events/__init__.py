"""EventBridge: rules, patterns, targets and delivery."""
