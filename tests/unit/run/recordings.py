"""Specs of a workflow that records, and nodes for it."""

from dataclasses import replace

from fastflow.run.container import PublishedPort
from tests.unit.run.stage import RECORDS

PUBLISHED = replace(RECORDS, ports=(PublishedPort(8080, "tcp", "127.0.0.1", 40_001),))


def spec(record: str) -> str:
    """A workflow that records; `record` is what the node has besides its mode."""
    return f"""
workflows:
  web:
    build_id: web1
    compose: {{ services: {{ app: {{ image: app:1 }}, tests: {{ image: tests:1 }}, more: {{ image: more:1 }} }} }}
    nodes: {{ record: {{ mode: recording, {record} }} }}
"""
