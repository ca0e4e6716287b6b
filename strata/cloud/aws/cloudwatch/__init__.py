"""CloudWatch: metrics of the platform's services, and alarms that are evaluated and act."""
