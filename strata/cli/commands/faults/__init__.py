"""Let calls fail, events go astray, jobs die, on the running embedded cloud."""
