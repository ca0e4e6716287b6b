"""Read the documentation as a site, and write its reference pages."""
