"""Tells what was measured: records, tables; never imports torch."""
