"""A small web shop, the application under test of fastflow's examples: standard library only, and safe."""
