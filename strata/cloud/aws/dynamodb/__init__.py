"""DynamoDB, where moto differs from AWS."""
