"""A first spec for `fastflow init`: a small one to begin with, or what an existing Compose file says."""
