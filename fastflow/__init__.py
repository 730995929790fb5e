"""fastflow runs Wallarm FAST security tests of concurrent CI/CD workflows from one declared file."""

__version__ = "0.1.0"
