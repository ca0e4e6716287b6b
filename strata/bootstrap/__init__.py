"""The one-time steps before CI can plan and apply."""
