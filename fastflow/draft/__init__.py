"""A first spec for `fastflow init`: a small one to begin with, or the equivalent of an existing Compose file."""
