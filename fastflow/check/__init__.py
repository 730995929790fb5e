"""Model and graph to findings: one rule, one file."""
