"""Asks the public API for the progress of test runs while they run: a listener that passes it on to another one."""

import threading
from collections.abc import Mapping

from fastflow.plan import Plan
from fastflow.record.events import Event, Listener, LogLine, PhaseChanged, Progress
from fastflow.record.result import END_STATES
from fastflow.run.fast_api import ask_test_run
from fastflow.run.node_log import created_run

PERIOD = 1.5
"""Seconds between two rounds of questions."""
TIMEOUT = 2.0
"""Seconds that one answer may take; the next phase's question waits for it."""


class CloudProgress:
    """Follows the events of a run, and passes `progress` events of its test runs to `tell`, from one thread for all.

    An event is emitted when something has changed. No failure here reaches the run: an API that does not answer is
    asked again in the next round, as long as the phase runs. `urls` are those of the clouds by workflow, `tokens` the
    tokens by their variables; entries may be added to both while the run begins.
    """

    def __init__(
        self,
        plan: Plan,
        urls: Mapping[str, str],
        tokens: Mapping[str, str],
        tell: Listener,
        period: float = PERIOD,
    ) -> None:
        self._plan = plan
        self._urls = urls
        self._tokens = tokens
        self._tell = tell
        self._period = period
        self._runs: dict[str, str] = {}
        self._known: dict[str, Progress] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self, event: Event) -> None:
        """Notice a test run that was created, and a phase that has ended."""
        if isinstance(event, LogLine) and (run := created_run(event.line)):
            self._follow(event.phase, run)
        elif isinstance(event, PhaseChanged) and event.state in (*END_STATES, "starting"):
            with self._lock:
                self._runs.pop(event.phase, None)

    def close(self) -> None:
        """Ask no more; does not wait for a request that is under way."""
        self._closed.set()

    def _follow(self, phase: str, run: str) -> None:
        plan = self._plan.phases.get(phase)
        if plan is None or plan.traits.makes != "test run" or self._plan.workflows[plan.workflow].cloud.query is False:
            return
        with self._lock:
            self._runs[phase] = run
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._ask_on, name="cloud-progress", daemon=True)
                self._thread.start()

    def _ask_on(self) -> None:
        while not self._closed.wait(self._period):
            with self._lock:
                runs = dict(self._runs)
            for phase, run in runs.items():
                if self._closed.is_set():
                    return
                try:
                    self._ask(phase, run)
                except Exception:  # noqa: S112  # whatever is wrong with an answer or a display: the run goes on
                    continue

    def _ask(self, phase: str, run: str) -> None:
        workflow = self._plan.workflows[self._plan.phases[phase].workflow]
        url, token = self._urls.get(workflow.name), self._tokens.get(workflow.cloud.token_name)
        if not url or not token:
            return
        progress = progress_of(phase, ask_test_run(url, token, run, TIMEOUT, TIMEOUT))
        with self._lock:
            is_news = self._runs.get(phase) == run and progress not in (self._known.get(phase), Progress(phase))
            self._known[phase] = progress
        if is_news:
            self._tell(progress)


def progress_of(phase: str, data: Mapping[str, object]) -> Progress:
    """Read the progress of a phase's test run (`GET /v1/test_run/<id>`); a value that is not a number is unknown."""
    vulnerabilities = data.get("vulns")
    return Progress(
        phase,
        baselines_done=_number(data.get("baseline_check_all_terminated_count")),
        baselines=_number(data.get("baseline_count")),
        requests=_number(data.get("sended_requests_count")),
        vulnerabilities=len(vulnerabilities) if isinstance(vulnerabilities, list) else None,
        seconds_left=_number(data.get("estimated_time_to_completion")),
    )


def _number(value: object) -> int | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e15:
        return int(value)
    return None
