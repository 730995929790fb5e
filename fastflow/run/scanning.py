"""A non-FAST tester: any scanner that gets the record as a HAR file and writes SARIF (the contract, 8)."""

from collections.abc import Iterable
from pathlib import Path

from fastflow.errors import EngineCallError
from fastflow.model.node import ScanningNode
from fastflow.model.node_parts import RECORD_PATH, ScannerCodes
from fastflow.record.result import Vulnerability
from fastflow.run.copied_reports import REPORTS, fetch_reports
from fastflow.run.failure import PhaseFailedError
from fastflow.run.har_record import open_record
from fastflow.run.node import RunningNode
from fastflow.run.sarif_findings import ScanResult, read_scan, unnamed
from fastflow.run.testing import Tester, wait_for_end
from fastflow.run.verdict import NodeEnd, Verdict, failed, failing, too_few_baselines, vulnerable

_NO_SARIF = "make it write SARIF 2.1.0 to /opt/reports, in a file that ends in .sarif or .json"


class SarifTester(Tester):
    """Lets a scanner test a record of this run, or of the one that is resumed."""

    _record: Path

    def require_record(self) -> None:
        """Raise PhaseFailedError if the record is missing, or contains too little."""
        phase = self.context.phase
        assert phase.recorder is not None, "the checks have seen that a recording comes first"
        self._record, baselines = open_record(self.context.run, phase.recorder)
        self.context.report_state(None, test_record=self.context.run.records[phase.recorder], baselines=baselines)
        wanted = self._node.min_baselines or 1
        if baselines < wanted:
            verdict = too_few_baselines(baselines, wanted)
            raise PhaseFailedError(verdict.reason or "", verdict.hint)

    def prepare(self, container_id: str) -> None:
        """Copy the record into the container, and make a directory for reports if the image has none."""
        api = self.context.engine.api
        try:
            api.copy_to(container_id, RECORD_PATH, self._record)
            api.make_directory(container_id, REPORTS)
        except EngineCallError as error:
            reason = f"the record cannot be copied to the scanner's container: {error.message}"
            raise PhaseFailedError(reason, error.hint or "remove `read_only` from its `container`") from error

    def judge(self, node: RunningNode) -> Verdict:
        """Follow the scanner, wait for its end, and judge by its exit code and its SARIF."""
        context = self.context
        node.follow()
        is_over = wait_for_end(context, node)
        if not is_over:
            node.stop(context.run.grace)
        end = node.end()
        context.report_state(None, exit_code=end.exit_code)
        scan = read_scan(fetch_reports(context, node.container))
        codes = self._node.exit_codes or ScannerCodes()
        found = scan.vulnerabilities
        if scan.is_sound and not found and end.exit_code in codes.of_vulnerabilities:
            found = (unnamed(scan.scanner),)
        vulnerabilities = self.weighed(found)
        context.report_state(None, vulnerabilities=vulnerabilities)
        if not is_over and not failing(vulnerabilities):
            return failed("the scanner was stopped, because nothing was left to test")
        return judge_scan(end, codes, scan, vulnerabilities, node.log.last)

    def find_early(self, node: RunningNode, is_stopped: bool) -> Iterable[Vulnerability]:
        """The findings that it has written so far, if there is time to look."""
        return () if is_stopped else read_scan(fetch_reports(self.context, node.container)).vulnerabilities

    @property
    def _node(self) -> ScanningNode:
        node = self.context.phase.node
        assert isinstance(node, ScanningNode)
        return node


def judge_scan(
    end: NodeEnd, codes: ScannerCodes, scan: ScanResult, vulnerabilities: tuple[Vulnerability, ...], last: str
) -> Verdict:
    """Judge a scanner that has ended: its exit code shows whether it did its work, its SARIF what it found."""
    said = f": {last}" if last else ""
    if end.exit_code not in codes.of_nothing | codes.of_vulnerabilities:
        reason = end.death or f"the scanner ended with exit code {end.exit_code}{said}"
        return failed(reason, "see its log; if this code does not mean a failure, declare it under `exit_codes`")
    if not scan.is_sound:
        return failed(
            scan.fault or f"the scanner ended with exit code {end.exit_code} and wrote no SARIF{said}", _NO_SARIF
        )
    if grave := failing(vulnerabilities):
        return vulnerable(grave)
    return Verdict("passed", "every vulnerability found is excused by the gate" if vulnerabilities else None)
