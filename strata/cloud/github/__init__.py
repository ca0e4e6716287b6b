"""GitHub, as far as the embedded cloud plays it: the OIDC issuer and a job's token."""
