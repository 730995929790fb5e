"""The application under test as its Compose files declare it, read offline."""
