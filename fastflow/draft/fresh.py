"""The specs for starting from scratch: with FAST, and with any other scanner."""

from fastflow.model.schema import MODELINE

_APPLICATION = """\
    # The application and its tests. Name your Compose file instead: compose: docker-compose.yml
    compose:
      services:
        app:
          image: registry.example/app:1
          healthcheck:                      # shows when it is up
            test: [CMD, wget, -q, -O, /dev/null, "http://localhost:3000/"]
            interval: 2s
        tests:
          image: registry.example/tests:1
          environment:
            http_proxy: http://fast:8080    # the recording node is reachable as `fast`
"""
FRESH = f"""\
{MODELINE}
# Security tests of CI/CD workflows with Wallarm FAST. Every field: fastflow schema.
#   fastflow validate       checks this file; needs no Docker, network or variables
#   fastflow plan           shows what would run, in which order, and why
#   fastflow up --emulate   runs it with a stand-in for the cloud and the node; no account is needed
#   fastflow up             runs it; the token comes from the environment: WALLARM_API_TOKEN

workflows:
  web:
    # Links the test run to the record of this workflow: letters and digits, unique among workflows that run at once.
    build_id: web${{FASTFLOW_CI_ID}}

{_APPLICATION}
    nodes:
      # First, your tests run once. Their requests go through this node and become the test record.
      record:
        mode: recording
        allowed_hosts: [app]                # other hosts are proxied, but not recorded
        source: {{ service: tests }}          # or {{ run: COMMAND }}, on the machine that runs fastflow

      # Then, this node turns the recorded requests into attacks on the application.
      test:
        mode: testing
        test_run_uri: http://app:3000
"""

FRESH_WITH_SCANNER = f"""\
{MODELINE}
# Security tests of CI/CD workflows: mitmproxy records your tests, and any scanner attacks with the record.
# Every field: fastflow schema.
#   fastflow validate       checks this file; needs no Docker, network or variables
#   fastflow plan           shows what would run, in which order, and why
#   fastflow up             runs it; no account is needed

workflows:
  web:
{_APPLICATION}
    nodes:
      # First, your tests run once. Their requests go through this node and become a HAR file of the run.
      record:
        mode: recording
        recorder: har
        allowed_hosts: [app]                # other hosts are proxied, but not recorded
        source: {{ service: tests }}          # or {{ run: COMMAND }}, on the machine that runs fastflow

      # Then, a scanner attacks. It finds the record at $FASTFLOW_RECORD and the application at $FASTFLOW_TARGET, and
      # writes SARIF to /opt/reports. Exit code 0: nothing found, 1: vulnerabilities; others: see exit_codes.
      scan:
        mode: testing
        scanner: sarif
        image: registry.example/scanner:1
        test_run_uri: http://app:3000
"""
