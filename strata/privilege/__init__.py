"""Least privilege, proven by removal: which actions of which roles the scenarios of a platform need."""
