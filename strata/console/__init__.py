"""A local web page over the running platform."""
