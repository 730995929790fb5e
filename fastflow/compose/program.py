"""The programs in non-FAST nodes: mitmproxy with its options, and scanners with the spec's command."""

from typing import Any

from fastflow.model.node import HarRecordingNode, Node, ScanningNode
from fastflow.model.node_parts import PROXY_PORT

HAR_DIRECTORY = "/tmp/fastflow"  # noqa: S108  # of a container
HAR_FILE = "record.har"
"""The path to which a recorder of that kind writes, in its container."""
# Without the entry point of mitmproxy's image: its child gets no signal, and could not finish the record.
_RECORD_HAR = f"""\
set -e
mkdir -p {HAR_DIRECTORY} {HAR_DIRECTORY}.ca
if [ -n "$CA_CERT" ]; then cat "$CA_KEY" "$CA_CERT" >{HAR_DIRECTORY}.ca/mitmproxy-ca.pem; fi
exec mitmdump --listen-port {PROXY_PORT} --set confdir={HAR_DIRECTORY}.ca --set hardump={HAR_DIRECTORY}/{HAR_FILE} \
  --set flow_detail=0 --set block_global=false --set ssl_insecure=true"""


def escape(text: str) -> str:
    """Escape a text so that Compose's interpolation restores it."""
    return text.replace("$", "$$")


def program_of(node: Node) -> dict[str, Any]:
    """The program in a non-FAST node; nothing if the image sets it."""
    if isinstance(node, HarRecordingNode):
        return {"entrypoint": ["/bin/sh", "-c"], "command": [escape(_RECORD_HAR)]}
    if isinstance(node, ScanningNode) and node.command is not None:
        words = node.command
        return {"command": escape(words) if isinstance(words, str) else [escape(word) for word in words]}
    return {}
