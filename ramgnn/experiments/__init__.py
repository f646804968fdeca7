"""What to run for a table or a figure."""
