"""Data contracts as files: what is wrong with them, drafts of new ones, and what a change asks of readers."""
