"""Tests of what tells."""
