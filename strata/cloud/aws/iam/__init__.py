"""IAM and STS: identities, and which request each of them may send."""
