"""Cases: collected, planned together, compared."""
