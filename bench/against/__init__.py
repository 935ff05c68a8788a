"""Two revisions of the project measured side by side: each in a tree and in processes of its own."""
