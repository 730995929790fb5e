"""What tests of commands share."""

from pathlib import Path

import pytest

SPEC = """
workflows:
  web:
    build_id: 1
    nodes:
      record: { mode: recording, allowed_hosts: [app.example], source: { run: "true" } }
      test: { mode: testing }
"""


@pytest.fixture
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spec here, and nothing where the engine should be."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    monkeypatch.setenv("WALLARM_API_TOKEN", "t0k3n")
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    Path("fastflow.yml").write_text(SPEC)
