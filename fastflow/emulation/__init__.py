"""The host's side of the emulator: its image, and the one emulated cloud of an engine (docs: the emulator)."""

LABEL = "io.fastflow.emulator"
"""Carried by all that belongs to the emulator; it is no run's, so no run removes it."""
