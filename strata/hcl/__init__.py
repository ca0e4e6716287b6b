"""HCL: its syntax, its types and its literals, read in one place."""
