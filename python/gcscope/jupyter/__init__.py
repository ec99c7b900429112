"""Jupyter and IPython."""
