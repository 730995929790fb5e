"""The README as an index of packages shows it: there, paths of the repository lead nowhere, so they become addresses.

In the repository they stay paths, which hold in every clone.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

REPOSITORY = "github.com/fastflow-ci/fastflow"
_PICTURE = re.compile(r"(!\[[^\]]*\]\()(?![a-z]+:|#)([^)\s]+)")
_LINK = re.compile(r"((?<!!)\[[^\]]*\]\()(?![a-z]+:|#)([^)\s]+)")


def absolute(text: str, revision: str) -> str:
    """Let the pictures and links of a README lead to a revision of the repository."""
    files = f"https://raw.{REPOSITORY.replace('github.com', 'githubusercontent.com')}/{revision}"
    pages = f"https://{REPOSITORY}/blob/{revision}"
    return _LINK.sub(rf"\g<1>{pages}/\2", _PICTURE.sub(rf"\g<1>{files}/\2", text))


class ReadmeHook(MetadataHookInterface):
    """Makes the package's description of README.md."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set `readme`; the version is known by then, and its tag is the revision."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = absolute(text, f"v{metadata['version']}")
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
