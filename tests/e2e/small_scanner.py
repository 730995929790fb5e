"""A workflow without FAST: mitmproxy records a request with a session, and a small scanner attacks it."""

from .runs import APPLICATION, RECORD

SESSION = "Bearer 5e55-10n-of-a-user"
WITH_SESSION = APPLICATION.replace(
    'command: [wget, -q, -O, /dev/null, "http://app/?page=1"]',
    """command: [sh, -c, 'wget -q -O /dev/null --header "Authorization: $$(cat /opt/session)" "http://app/?page=1"']
    volumes: ["./session:/opt/session:ro"]""",
)
HAR = RECORD + "recorder: har\n"
# Tells that each recorded request with a session has a hole, unless it is told that there are none.
SCANNER = """
import json, os, sys
entries = json.load(open(os.environ["FASTFLOW_RECORD"]))["log"]["entries"]
results = []
for request in (entry["request"] for entry in entries):
    print("GET", request["url"], request["headers"], flush=True)
    place = {"physicalLocation": {"artifactLocation": {"uri": request["url"]}}}
    place["logicalLocations"] = [{"name": "page", "kind": "parameter"}]
    sent = {header["name"]: header["value"] for header in request["headers"]}
    ask = {"method": "GET", "target": request["url"], "headers": sent}
    found = {"ruleId": "hole", "level": "error", "message": {"text": str(sent)}}
    results.append({**found, "locations": [place], "webRequest": ask})
if os.path.exists("/opt/mended/mended"):
    results = []
driver = {"name": "probe", "rules": [{"id": "hole", "properties": {"security-severity": "7.5"}}]}
log = {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
json.dump(log, open("/opt/reports/probe.sarif", "w"))
sys.exit(1 if results else 0)
"""
SCAN = """
mode: testing
scanner: sarif
image: fastflow-python:3
command: [python3, /opt/mended/scan.py]
container: { volumes: ["./scanner:/opt/mended:ro"] }
services: { app: { log: Serving HTTP } }
test_run_uri: http://app:80
"""
