"""S3: events, bucket policies and access."""
