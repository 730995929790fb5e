"""The host's side of the emulator: its image, and the one emulated cloud of an engine (docs: the emulator)."""

LABEL = "io.fastflow.emulator"
"""The label of everything that belongs to the emulator, not to a run, so that no run removes it."""
