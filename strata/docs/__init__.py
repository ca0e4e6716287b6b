"""The documentation: reference pages made from the code, and the site that is built of all pages."""
