"""What several commands print: tables, progress, the page of a plan."""
