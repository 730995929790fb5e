"""What runs inside the emulator's image: a stand-in for Wallarm's cloud and for the FAST node.

It imports nothing of the rest of fastflow, and nothing of fastflow imports it (docs: the emulator).
"""
