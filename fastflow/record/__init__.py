"""A run as its folder holds it: what happens, what became of it, and what it rests on. One writer, one reader."""
