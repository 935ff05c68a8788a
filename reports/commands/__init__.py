"""What `python -m reports` can be asked: a module per command."""
