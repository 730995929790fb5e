"""A run as its folder stores it: events, results, and the inputs it depends on. One writer, one reader."""
