"""SQS: what moto's queues lack."""
