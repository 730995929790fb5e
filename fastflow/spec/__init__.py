"""Text to Document: YAML with the position of every value, and interpolation. The only user of PyYAML."""
