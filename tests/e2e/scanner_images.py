"""The images that `make scanners` makes."""

import pytest

from fastflow.engines.docker import DockerEngine

IMAGES = ("mitmproxy/mitmproxy", "fastflow-schemathesis", "fastflow-wapiti", "fastflow-sqlmap")


def require_scanners(engine: DockerEngine) -> None:
    """Fail, and say what to do, if images are missing."""
    if missing := engine.api.missing_images(IMAGES):
        pytest.fail(f"images are missing: {', '.join(missing)}; make them with `make scanners`")
