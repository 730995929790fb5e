"""The part of a run that is on a cluster: sends it there, watches it from here, and removes it."""

import platform
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from fastflow import __version__
from fastflow.app.bundle_image import LARGEST, push_bundle
from fastflow.app.clusters import MANIFEST, ClusterHost, sweep
from fastflow.app.console import Console
from fastflow.app.environment import engine_environment, own_variables, portable_environment
from fastflow.app.order import Order
from fastflow.app.request import RunRequest
from fastflow.app.watch import Watch
from fastflow.cluster.bundle import pack, shipment_of
from fastflow.cluster.cluster import FILE_LIMIT, SECRET_LIMIT, Claim, Cluster, UnitOrder, unit_name
from fastflow.cluster.dispatching import Dispatcher
from fastflow.cluster.ending import remove_ended
from fastflow.cluster.lease import ROLE, Taking
from fastflow.cluster.waiting_line import take_or_wait
from fastflow.cluster.watching import UnitWatch
from fastflow.emulation.cluster_cloud import CLUSTER_CLOUD, ensure_cluster_cloud
from fastflow.engines.client_config import settings_of as client_settings
from fastflow.engines.opening import open_cluster, open_engine
from fastflow.errors import FastflowError, UsageError
from fastflow.model.compose_keys import LABEL
from fastflow.plan.units import UnitPlan, units_of
from fastflow.record.events import now
from fastflow.record.plan_file import EngineVersions
from fastflow.record.times import read_times
from fastflow.run.forecast import longest_first
from fastflow.run.holding import keys_of, patience_of
from fastflow.run.lease import CANCELLABLE
from fastflow.run.phase import waiting_result
from fastflow.settings import RunSettings

AGENT = ("agent", "run")
_END, _CANCELLED_END = 15.0, 1.0
"""Seconds in which an agent ends after its last message."""


class ClusterPart:
    """The part of a run that is on one cluster. Each unit is sent to a node, and watched as a run on one host is."""

    def __init__(self, request: RunRequest, settings: RunSettings, console: Console, host: str) -> None:
        self.request, self.settings, self.console, self.host = request, settings, console, host
        self.declared = request.plan.clusters[host]
        self.engine = open_engine(engine_environment(), self.declared)
        self.cluster: Cluster = open_cluster(self.engine)
        self.units = [unit for unit in units_of(request.plan) if unit.host == host]
        self.labels = {
            f"{LABEL}.run": request.run,
            f"{LABEL}.spec": settings.spec,
            f"{LABEL}.host": platform.node(),
            f"{LABEL}.since": now(),
        }
        self.spec = ""
        self.bundle = b""
        self.kept_back: Mapping[str, str] = {}
        self.bundle_image: str | None = None
        self.watched: list[UnitWatch] = []

    def begin(self) -> None:
        """Pack the files. Raises UsageError if they cannot be sent."""
        request = self.request
        shipment = shipment_of(
            request.facts,
            request.text.directory / Path(request.text.name).name,
            Path.cwd(),
            self.settings.env_files,
            request.earlier.folder if request.earlier else None,
        )
        largest = LARGEST if self.declared.bundle else FILE_LIMIT
        self.spec = shipment.spec
        self.bundle, self.kept_back = pack(shipment, request.tokens.values(), largest)

    def ask(self) -> Mapping[str, EngineVersions]:
        """Ask the manager for its version, and start the emulator's cloud."""
        info = self.cluster.info()
        if self.request.is_emulated:
            ensure_cluster_cloud(self.engine, self.console.say)
        return {self.host: EngineVersions(info.version, "")}

    def hold(self, watch: Watch) -> None:
        """Create the units and take their leases."""
        files = self._send_files()
        name, labels = f"fastflow-{self.request.run}-{MANIFEST}", {**self.labels, f"{LABEL}.role": MANIFEST}
        self.cluster.store(name, watch.manifest(), labels)
        self._create(watch, files)
        self._take_leases(watch)

    def execute(self, watch: Watch) -> None:
        """Start the units, and follow them until they end."""
        dispatcher = Dispatcher(
            self.cluster,
            self.request.run,
            list(self.watched),
            self.console.cancellation,
            watch.emit,
            self.declared.max_parallel,
            self.settings.fail_fast,
        )
        dispatcher.execute()

    def withdraw(self) -> None:
        """Remove the units, none of which has started."""
        with suppress(FastflowError):
            remove_ended(self.cluster, self.request.run)

    def kill(self) -> None:
        """Do nothing: agents end by themselves."""

    def remove(self) -> None:
        """Remove ended units, also from the node of a dead agent; those still ending are left to `fastflow down`."""
        is_cancelled = self.console.cancellation.is_set
        try:
            live = remove_ended(self.cluster, self.request.run, _CANCELLED_END if is_cancelled else _END)
        except FastflowError as error:
            self.console.say(f"the units could not be removed: {error.message}; remove them later: fastflow down")
            return
        if not is_cancelled and any(unit.code is None for unit in self.watched):
            with suppress(FastflowError):
                sweep(ClusterHost(self.host, self.declared, self.cluster), self.console.say)
        if live:
            nodes = ", ".join(sorted({unit.node or "no node yet" for unit in live}))
            self.console.say(
                f"units are still ending on {nodes}; remove them later: fastflow down --run {self.request.run}"
            )

    def _send_files(self) -> Claim | None:
        """Give the nodes the archive: as a file of the cluster or, if it is too large, as an image in a registry."""
        if len(self.bundle) <= FILE_LIMIT:
            return self.cluster.store(f"fastflow-{self.request.run}-files", self.bundle, self.labels)
        self.bundle_image = f"{self.declared.bundle}:{self.request.run}"
        push_bundle(self.engine, self.bundle_image, self.bundle, self.console.say)
        return None

    def _create(self, watch: Watch, files: Claim | None) -> None:
        plan = self.request.plan
        for unit in longest_first(plan, self.units, read_times(plan.directory, Path(self.request.text.name).name)):
            unit_id = self.cluster.create(self._order(unit, files))
            results = {phase.id: waiting_result(phase, self.host) for phase in unit.phases}
            self.watched.append(watch.add(unit.number, unit_id, self.host, results))

    def _take_leases(self, watch: Watch) -> None:
        """Take the leases of all units; raises BuildIdInUseError."""
        phases = [phase for unit in self.units for phase in unit.phases]
        keys = tuple(keys_of(self.request.plan, self.settings, phases))
        labels = {**self.labels, f"{LABEL}.role": ROLE}
        cancellable = {CANCELLABLE: "true"} if self.settings.cancel_in_progress else {}
        taking = Taking(self.cluster, keys, {**labels, **cancellable}, watch.note)
        take_or_wait(taking, self.console.cancellation, patience_of(self.settings, watch.folder))

    def _secret(self, unit: UnitPlan) -> bytes:
        """The order for an agent; raises UsageError if it is too large."""
        request = self.request
        order = Order(
            version=__version__,
            unit=unit.id(request.run),
            spec=self.spec,
            identity=self.settings.spec,
            workflows=unit.workflows,
            only=request.selection.only,
            max_parallel=request.max_parallel,
            fail_fast=self.settings.fail_fast,
            emulate=request.is_emulated,
            cloud=CLUSTER_CLOUD if request.is_emulated else None,
            env_files=len(self.settings.env_files),
            resume=request.earlier.folder.name if request.earlier else None,
            bundle=self.bundle_image,
            variables=own_variables(request.values),
            environment={**portable_environment(), **request.tokens},
            auths=(client_settings(engine_environment()) or {}).get("auths") or {},
            files=self.kept_back,
        )
        secret = order.written()
        if len(secret) > SECRET_LIMIT:
            what = f"the environment is too large for a cluster: {len(secret)} bytes, {SECRET_LIMIT} at most"
            raise UsageError(what, "start fastflow with fewer variables: env -i PATH=$PATH …")
        return secret

    def _order(self, unit: UnitPlan, files: Claim | None) -> UnitOrder:
        host = self.declared
        return UnitOrder(
            name=unit_name(unit.id(self.request.run)),
            labels={**self.labels, f"{LABEL}.unit": str(unit.number), f"{LABEL}.workflows": ",".join(unit.workflows)},
            image=host.agent_image,
            command=AGENT,
            secret=self._secret(unit),
            bundle=files,
            cpus=host.reserved_cpus,
            memory=host.reserved_memory,
            constraints=host.constraints or (),
            shares_network=host.source_run is True,
        )
