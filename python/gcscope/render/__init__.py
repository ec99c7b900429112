"""Renderers: functions from a report to a string, without input or output."""
