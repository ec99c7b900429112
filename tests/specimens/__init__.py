"""Odd objects, programs and records to test with, each once."""
