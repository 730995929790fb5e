"""The application under test as declared in its Compose files, read offline."""
