"""SNS: what moto's topics lack."""
