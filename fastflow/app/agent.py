"""`fastflow agent run`: runs a unit's workflows on the engine of this node, and reports line by line."""

import base64
import io
import json
import shutil
import tarfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fastflow import __version__
from fastflow.app.bundle_image import fetch_bundle
from fastflow.app.environment import engine_environment, replace_environment, variable
from fastflow.app.node_sweep import sweep_node
from fastflow.app.order import Order, read_order
from fastflow.app.request import RunRequest, request_of
from fastflow.app.specs import read_spec_text
from fastflow.app.up import run, settings_of
from fastflow.cluster.bundle import EARLIER, ENV_FILES, FILES, unpack
from fastflow.cluster.cluster import BUNDLE, ORDER, UNITS_DIRECTORY, UNITS_VOLUME
from fastflow.cluster.watching import REBUILD, RUN_PATH, SPEC_PATH
from fastflow.cluster.wire import BEAT, Writer
from fastflow.engines.docker import DockerEngine
from fastflow.engines.opening import open_engine
from fastflow.errors import EngineError, FastflowError, InterruptedBeforeRunError, InvalidSpecError
from fastflow.files import is_directory
from fastflow.plan.making import Selection
from fastflow.record.events import Event, Listener, Note, as_json
from fastflow.record.folder import RunFolder
from fastflow.record.result import RunResult
from fastflow.run.observer import Cancellation
from fastflow.settings import Emulation, RunSettings

NODE = "FASTFLOW_NODE"
_PIECE = 9_000
"""Bytes of a file in one message."""
_CANCEL_GRACE, _CANCEL_LIMIT = 2.0, 2.5
"""Seconds, as in RunSettings: a SIGTERM takes a second to arrive here, and the dispatcher has seven in all."""


@dataclass
class AgentConsole:
    """Reports the run to a dispatcher; the dispatcher's SIGTERM sets `cancellation`. Implements `app.up.Console`."""

    writer: Writer
    request: RunRequest
    cancellation: Cancellation
    begin: Callable[[Callable[[], None]], None]

    def listeners(self, settings: RunSettings) -> tuple[Listener, ...]:  # noqa: ARG002  # of the protocol
        """The listeners for the run's events."""
        return (self.send,)

    def send(self, event: Event) -> None:
        """Send an event, masked."""
        content = relocated(as_json(event), self.request)
        self.writer.send("event", event=json.loads(self.request.mask(json.dumps(content))))

    def say(self, message: str) -> None:
        """Send a message that is not one of the run's events."""
        self.send(Note(message))

    def on_begin(self, last_effort: Callable[[], None]) -> None:
        """Let signals stop the run from now on."""
        self.begin(last_effort)

    def on_end(self, folder: RunFolder) -> None:
        """Do nothing: there is nothing else to write."""


def relocated(content: Any, request: RunRequest) -> Any:
    """Write paths in the run's folder and in the spec's directory so that they can be found elsewhere."""
    directory = str(request.text.directory.absolute())
    folder = str(request.runs_dir.path(Path(directory)) / request.run)
    places = ((folder, RUN_PATH), (directory, SPEC_PATH))
    if isinstance(content, str):
        for path, name in places:
            if content.startswith(f"{path}/"):
                return name + content.removeprefix(path)
        return content
    if isinstance(content, Mapping):
        return {key: relocated(value, request) for key, value in content.items()}
    return [relocated(value, request) for value in content] if isinstance(content, (list, tuple)) else content


def run_agent(
    write: Callable[[str], None], cancellation: Cancellation, begin: Callable[[Callable[[], None]], None]
) -> int:
    """Carry out the order; return the exit code, which is also sent. `begin` lets signals stop the run."""
    writer = Writer(write)
    writer.send("hello", version=__version__, node=variable(NODE))
    order = read_order(Path(ORDER).read_bytes())
    if isinstance(order, str):
        message = f"the agent on node {variable(NODE)} is fastflow {__version__}, and its dispatcher is {order}"
        return _refused(writer, FastflowError(message, REBUILD))
    _beat(writer)
    work = Path(UNITS_DIRECTORY) / order.unit
    try:
        engine = _engine_here(order)
        sweep_node(engine)
        work.mkdir(parents=True, exist_ok=True)
        unpack(fetch_bundle(engine, order.bundle, work) if order.bundle else Path(BUNDLE), work, order.files)
        return _run(order, work, writer, cancellation, begin)
    except InterruptedBeforeRunError as error:
        writer.send("end", code=error.exit_code, refusal="interrupted by SIGTERM")
        return error.exit_code
    except FastflowError as error:
        return _refused(writer, error)
    except Exception as error:  # the dispatcher must be told
        _refused(writer, FastflowError(f"a bug of fastflow: {error!r}", "please report it"))
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _refused(writer: Writer, error: FastflowError) -> int:
    message = error.message
    if isinstance(error, InvalidSpecError):
        message += ": " + "; ".join(found.message for found in error.findings if found.severity == "error")[:1000]
    writer.send("end", code=int(error.exit_code), refusal=message, hint=error.hint)
    return int(error.exit_code)


def _beat(writer: Writer) -> None:
    def beat() -> None:
        pause = threading.Event()
        while not pause.wait(BEAT):
            writer.send("beat")

    threading.Thread(target=beat, daemon=True, name="beat").start()


def _engine_here(order: Order) -> DockerEngine:
    """The node's own engine, which must keep volumes at the path of this container's files. Raises EngineError."""
    replace_environment(order.environment)
    if order.auths:
        settings = Path.home() / ".docker" / "config.json"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.touch(mode=0o600)
        settings.write_text(json.dumps({"auths": order.auths}))
    engine = open_engine(engine_environment())
    kept = f"{engine.api.root()}/volumes/{UNITS_VOLUME}/_data"
    if kept != UNITS_DIRECTORY:
        hint = "units need nodes with the default data root, /var/lib/docker, and without userns-remap"
        raise EngineError(f"node {variable(NODE)} keeps volumes elsewhere: {kept}, not {UNITS_DIRECTORY}", hint)
    return engine


def _run(
    order: Order,
    work: Path,
    writer: Writer,
    cancellation: Cancellation,
    begin: Callable[[Callable[[], None]], None],
) -> int:
    request = request_of(
        read_spec_text(str(work / FILES / order.spec)),
        tuple(str(work / ENV_FILES / str(number)) for number in range(order.env_files)),
        Selection(order.workflows, order.only),
        order.max_parallel,
        emulate=order.emulate,
        resume=str(work / EARLIER / order.resume) if order.resume else None,
        run=order.unit,
        variables=order.variables,
    )
    settings = replace(
        settings_of(request, keep=False, fail_fast=order.fail_fast, wait_lease=None),
        spec=order.identity,
        emulation=Emulation("", order.cloud, order.cloud) if order.cloud else None,
        cancel_grace=_CANCEL_GRACE,
        cancel_limit=_CANCEL_LIMIT,
    )
    console = AgentConsole(writer, request, cancellation, begin)
    result, folder = run(request, settings, console, on_node=True)
    _send_results(writer, request, result, folder)
    return result.exit_code


def _send_results(writer: Writer, request: RunRequest, result: RunResult, folder: RunFolder) -> None:
    content = _archive(request, result, folder)
    for at in range(0, len(content), _PIECE):
        writer.send("file", data=base64.b64encode(content[at : at + _PIECE]).decode())
    selected = {phase.id for phase in request.plan.selected}
    phases = [relocated(asdict(phase), request) for phase in result.phases if phase.id in selected]
    masked = json.loads(request.mask(json.dumps(phases)))
    writer.send("end", code=result.exit_code, phases=masked, leftovers=result.leftovers)


def _archive(request: RunRequest, result: RunResult, folder: RunFolder) -> bytes:
    """The logs and reports of a run: those in its folder, and those that the spec puts elsewhere in its directory."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, name in _results(request, result, folder):
            with suppress(OSError):
                archive.add(path, name)
    return out.getvalue()


def _results(request: RunRequest, result: RunResult, folder: RunFolder) -> Iterator[tuple[Path, str]]:
    for name in ("logs", "reports", "records"):
        if is_directory(folder.path / name):
            yield folder.path / name, f"run/{name}"
    directory = request.text.directory.absolute()
    others: Iterable[Path] = (Path(report) for phase in result.phases for report in phase.reports)
    for path in others:
        if path.is_relative_to(directory) and not path.is_relative_to(folder.path):
            yield path, f"spec/{path.relative_to(directory).as_posix()}"
