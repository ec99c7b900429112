"""The public words."""
