"""Runs on a cluster: units, each with an agent that runs its workflows on one node's engine, and their dispatcher."""
