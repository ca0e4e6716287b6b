"""What commands print: tables, progress and the page of a plan."""
