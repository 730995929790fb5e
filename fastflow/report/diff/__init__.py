"""What differs between two runs, and why as far as both say so: compared once, shown as text, JSON and Markdown."""
