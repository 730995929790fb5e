"""Events and results for people and machines."""
