"""Whole benchmark sessions, run as a user runs them."""
