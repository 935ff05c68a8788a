"""Tests of measuring two revisions side by side."""
