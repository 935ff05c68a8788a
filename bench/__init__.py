"""Measures: one thin test module per question."""
