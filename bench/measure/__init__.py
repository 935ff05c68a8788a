"""The measuring itself: (model, examples) to numbers, no pytest inside."""
