"""The example's shop with three holes in it, one of each kind, and pages that only look like holes."""
