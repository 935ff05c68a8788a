"""The plots of the report, a module per question."""
