"""The HTTP server of the embedded AWS: requests in, answers out, state put back."""
