"""The control plane: what each statement other than a query does to the catalogue."""
