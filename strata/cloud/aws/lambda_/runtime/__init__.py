"""Lambda's engine: a function in a process that sees only its zip, its layers and AWS's own libraries."""
