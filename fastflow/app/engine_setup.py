"""The engines of a run, before it begins and if it has to end at once."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from fastflow.app.environment import engine_environment, own_variables, variable
from fastflow.app.request import RunRequest
from fastflow.emulation.cloud import NAME, TOKENS, ensure_cloud
from fastflow.emulation.image import ensure_image
from fastflow.engines.docker import DockerEngine
from fastflow.engines.opening import open_engine
from fastflow.errors import EngineUnreachableError
from fastflow.model.host import Host
from fastflow.plan import Plan
from fastflow.record.plan_file import EngineVersions
from fastflow.run.earlier import take_over
from fastflow.run.engine import Lease
from fastflow.run.holding import mark
from fastflow.run.removal import remove_run
from fastflow.run.survey import ask_all
from fastflow.settings import Emulation, RunSettings


def engines_of(request: RunRequest, settings: RunSettings, hosts: Mapping[str, Host]) -> dict[str, DockerEngine]:
    """The engines of the hosts that the plan uses, by host; clusters are not engines."""
    stand_ins = {name: token for name, token in settings.tokens.items() if name not in request.tokens}
    environment = engine_environment(own_variables(request.values) | stand_ins)
    used = ((name, hosts.get(name)) for name in request.plan.used_hosts)
    return {name: open_engine(environment, host) for name, host in used if host is None or not host.is_cluster}


def take_over_earlier(request: RunRequest, engines: Mapping[str, DockerEngine], say: Callable[[str], None]) -> None:
    """Remove what a resumed run has left; raises FastflowError if that run is live."""
    if request.earlier is None:
        return
    resumed = request.earlier.digest.run
    with suppress(EngineUnreachableError):  # reported when the engines are asked
        if take_over(engines.values(), resumed):
            say(f"removed what run {resumed} had left on the engine")


def emulated(
    plan: Plan,
    settings: RunSettings,
    engines: Mapping[str, DockerEngine],
    marks: list[Lease],
    say: Callable[[str], None],
) -> RunSettings:
    """Start the cloud on each engine without one; `marks` first shows that this run uses it.

    On a node of a cluster there is one already, shared by all nodes.
    """
    shared = settings.emulation
    ask_all(engines)  # before the first cloud is started
    urls: dict[str, str | None] = {}
    with_cloud = {workflow.host for workflow in plan.workflows.values() if workflow.uses_cloud}
    for name, engine in engines.items():
        if name not in with_cloud:
            continue
        image = ensure_image(engine, say)
        emulation = replace(shared, image=image) if shared else Emulation(image, api_host=NAME, network=NAME)
        settings = replace(settings, emulation=emulation)
        marks += mark(engine, settings, image, say)
        urls[name] = None if shared else ensure_cloud(engine, image, variable(TOKENS))
    here = {name: url for name, workflow in plan.workflows.items() if (url := urls.get(workflow.host))}
    return replace(settings, cloud_urls=here)


def versions_of(engines: Mapping[str, DockerEngine]) -> Mapping[str, EngineVersions]:
    """Ask the engines for their versions. Raises EngineError."""
    infos = ask_all(engines).items()
    return {name: EngineVersions(one.engine_version, one.compose_version) for name, one in infos}


def remove_all(run: str, engines: Mapping[str, DockerEngine]) -> None:
    """Kill and remove everything that a run has on engines, without waiting for anything."""
    for engine in engines.values():
        remove_run(engine, run, ())
