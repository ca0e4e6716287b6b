"""Resource types: each turns planned changes into SQL statements and reads the object back."""
