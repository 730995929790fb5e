"""A tester of FAST: its record by id or BUILD_ID, its test run, its vulnerabilities from API, reports or log."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from fastflow.model.node import TesterNode
from fastflow.record.result import Vulnerability
from fastflow.run.advice import with_advice, with_bypass
from fastflow.run.copied_reports import fetch_reports, keep_answer
from fastflow.run.failure import PhaseFailedError
from fastflow.run.fast_api import from_api
from fastflow.run.node import RunningNode
from fastflow.run.testing import Tester, wait_for_end
from fastflow.run.verdict import Verdict, failed, failing, judge_testing, too_few_baselines
from fastflow.run.vulnerabilities import collect, from_log, from_reports


class FastTester(Tester):
    """Tests a record in the cloud."""

    def require_record(self) -> None:
        """Raise PhaseFailedError if the record can only be found by its id, and that is not known."""
        phase = self.context.phase
        if phase.recorder and not phase.is_record_known and phase.recorder not in self.context.run.records:
            hint = f"run {phase.recorder} in the same run, or give both one BUILD_ID"
            raise PhaseFailedError(f"the id of the record of {phase.recorder} is not known", hint)

    def judge(self, node: RunningNode) -> Verdict:
        """Follow the node, wait for its end, and judge by its log; stop it if its record is not this run's."""
        context = self.context
        expected = context.run.records.get(context.phase.recorder or "")
        mismatch: list[str] = []

        def watch(_: str) -> None:
            if expected and node.log.record and node.log.record != expected and not mismatch:
                mismatch.append(node.log.record)

        node.follow(watch)
        is_over = wait_for_end(context, node, lambda: bool(mismatch))
        if mismatch:
            node.stop(0)
        elif not is_over:
            node.stop(context.run.grace)
        end = node.end()
        context.report_state(None, exit_code=end.exit_code, **self._facts(node))
        if mismatch:
            reason = f"record mismatch: the node tested {mismatch[0]}, but this run recorded {expected}"
            return failed(reason, "another pipeline uses this BUILD_ID on the same token")
        if node.log.run:
            context.run.runs[context.phase.id] = node.log.run
        vulnerabilities = self.weighed(self._found(node, fetch_reports(context, node.container)))
        context.report_state(None, vulnerabilities=vulnerabilities)
        if not is_over and not failing(vulnerabilities):
            return failed("the node was stopped, because nothing was left to test")
        verdict = judge_testing(node.log, end, vulnerabilities)
        return with_bypass(context, with_advice(context, node.log, self._with_enough(node, verdict)))

    def find_early(self, node: RunningNode, is_stopped: bool) -> Iterable[Vulnerability]:
        """The findings in the log and, if there is time, in the API and the reports."""
        self.context.report_state(None, **self._facts(node))
        found = from_log(node.log)
        return self._found(node, fetch_reports(self.context, node.container)) if found and not is_stopped else found

    def _facts(self, node: RunningNode) -> dict[str, str | int | None]:
        log = node.log
        return {"test_record": log.record, "test_run": log.run, "baselines": len(log.baselines) or None}

    def _with_enough(self, node: RunningNode, verdict: Verdict) -> Verdict:
        """Fail a phase that passed on fewer baselines than required; the node itself reports an empty record."""
        baselines, wanted = len(node.log.baselines), self.context.phase.node
        assert isinstance(wanted, TesterNode)
        is_short = verdict.state == "passed" and 0 < baselines < (wanted.min_baselines or 1)
        return too_few_baselines(baselines, wanted.min_baselines or 1) if is_short else verdict

    def _found(self, node: RunningNode, reports: tuple[Path, ...]) -> tuple[Vulnerability, ...]:
        context, workflow, run = self.context, self.context.workflow.plan, node.log.run
        settings = context.run.settings
        url, token = settings.cloud_urls.get(workflow.name), settings.tokens.get(workflow.cloud.token_name)

        def say(message: str) -> None:
            context.run.note(message, context.phase.id)

        api = (
            from_api(url, token, run, say, partial(keep_answer, context))
            if url and token and run and workflow.cloud.query is not False
            else None
        )
        return collect(api, from_reports(reports, run, say), node.log)
