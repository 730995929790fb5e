"""The stand-in for the FAST node."""
