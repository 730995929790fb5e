"""The differences between two runs, and their causes if known: compared once, shown as text, JSON and Markdown."""
