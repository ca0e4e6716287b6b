"""The checkout: where it is, who works on it, and what its child processes say."""
