"""The stand-in for Wallarm's cloud."""
