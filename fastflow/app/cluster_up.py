"""`fastflow up` on a cluster: each unit is sent to a node, and watched from here as a run on one host is."""

import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from fastflow import __version__
from fastflow.app.bundle_image import LARGEST, push_bundle
from fastflow.app.clusters import MANIFEST, ClusterHost, sweep
from fastflow.app.console import Console
from fastflow.app.environment import engine_environment, own_variables, portable_environment
from fastflow.app.only_cluster import only_cluster
from fastflow.app.order import Order
from fastflow.app.request import RunRequest
from fastflow.app.run_id_file import RunIdFile
from fastflow.app.watch import Watch, outcome_of
from fastflow.cluster.bundle import pack, shipment_of
from fastflow.cluster.cluster import FILE_LIMIT, SECRET_LIMIT, Claim, Cluster, UnitOrder
from fastflow.cluster.dispatching import Dispatcher
from fastflow.cluster.ending import remove_ended
from fastflow.cluster.lease import ROLE, Taking
from fastflow.cluster.waiting_line import take_or_wait
from fastflow.emulation.cluster_cloud import CLUSTER_CLOUD, ensure_cluster_cloud
from fastflow.engines.client_config import settings_of as client_settings
from fastflow.engines.opening import open_cluster, open_engine
from fastflow.errors import FastflowError, InterruptedBeforeRunError, UsageError
from fastflow.model.compose_keys import LABEL
from fastflow.plan.units import UnitPlan, units_of
from fastflow.record.digest import write_digest
from fastflow.record.events import PhaseChanged, RunRefused, RunStarted, now
from fastflow.record.folder import RunFolder
from fastflow.record.plan_file import EngineVersions, plan_file_of_run
from fastflow.record.result import PhaseResult, RunResult
from fastflow.run.earlier import results_to_keep
from fastflow.run.holding import keys_of, patience_of
from fastflow.run.lease import CANCELLABLE
from fastflow.run.phase import waiting_result
from fastflow.run.refusal import write_refusal
from fastflow.settings import RunSettings

AGENT = ("agent", "run")
_END, _CANCELLED_END = 15.0, 1.0
"""Seconds in which an agent ends that has said its last word."""


def run_on_cluster(
    request: RunRequest, settings: RunSettings, console: Console, id_file: RunIdFile | None = None
) -> tuple[RunResult, RunFolder]:
    """Run what was requested on its cluster; return the result and the run's folder. Raises as `app.up.run` does."""
    host = only_cluster(request, settings)
    shipment = shipment_of(
        request.facts,
        request.text.directory / Path(request.text.name).name,
        Path.cwd(),
        settings.env_files,
        request.earlier.folder if request.earlier else None,
    )
    largest = LARGEST if request.plan.clusters[host].bundle else FILE_LIMIT
    bundle, kept_back = pack(shipment, request.tokens.values(), largest)
    try:
        return _Sending(request, settings, console, host=host, spec=shipment.spec).run(bundle, kept_back, id_file)
    except FastflowError as error:
        error.mask(request.mask)
        raise


class _Sending:
    """One run on a cluster, from here. `spec` is its path below the shipped directory."""

    def __init__(self, request: RunRequest, settings: RunSettings, console: Console, *, host: str, spec: str) -> None:
        self.request, self.settings, self.console, self.host, self.spec = request, settings, console, host, spec
        self.declared = request.plan.clusters[host]
        self.engine = open_engine(engine_environment(), self.declared)
        self.cluster: Cluster = open_cluster(self.engine)
        self.units = units_of(request.plan)
        self.kept_back: Mapping[str, str] = {}
        self.bundle_image: str | None = None
        self.labels = {
            f"{LABEL}.run": request.run,
            f"{LABEL}.spec": settings.spec,
            f"{LABEL}.host": platform.node(),
            f"{LABEL}.since": now(),
        }

    def run(
        self, bundle: bytes, kept_back: Mapping[str, str], id_file: RunIdFile | None
    ) -> tuple[RunResult, RunFolder]:
        """Send the units, watch them, and remove them."""
        self.kept_back = kept_back
        request, plan = self.request, self.request.plan
        folder = RunFolder(request.text.directory, request.run, request.mask)
        try:
            write_digest(folder, request.digest)
            if id_file is not None:
                id_file.write(request.run)
            earlier = results_to_keep(request.earlier, plan, folder) if request.earlier is not None else ()
            with self._refusing(folder, earlier):
                watch = self._prepared(bundle, folder, earlier)
            self._execute(watch)
            result = outcome_of(watch, plan.resumes)
            self._remove(watch)
            watch.end(result)
        finally:
            folder.close()
            self.console.on_end(folder)
        return result, folder

    def _remove(self, watch: Watch) -> None:
        """Remove what is over, also from the node of an agent that died; what still ends is left to `fastflow down`."""
        is_cancelled = self.console.cancellation.is_set
        try:
            live = remove_ended(self.cluster, self.request.run, _CANCELLED_END if is_cancelled else _END)
        except FastflowError as error:
            self.console.say(f"the units could not be removed: {error.message}; later: fastflow down")
            return
        if not is_cancelled and any(unit.code is None for unit in watch.units):
            with suppress(FastflowError):
                sweep(ClusterHost(self.host, self.declared, self.cluster), self.console.say)
        if live:
            nodes = ", ".join(sorted({unit.node or "no node yet" for unit in live}))
            self.console.say(f"units still end on {nodes}; then remove them: fastflow down --run {self.request.run}")

    @contextmanager
    def _refusing(self, folder: RunFolder, earlier: Sequence[PhaseResult]) -> Iterator[None]:
        """Write what stands in the way of the run into its folder, and leave nothing of it on the cluster."""
        started = now()
        try:
            yield
        except (FastflowError, InterruptedBeforeRunError) as error:
            folder.on_event(RunRefused(str(error)))
            code = int(error.exit_code)
            write_refusal(self.request.plan, self.settings, folder, started=started, exit_code=code, earlier=earlier)
            with suppress(FastflowError):
                remove_ended(self.cluster, self.request.run)
            raise

    def _prepared(self, bundle: bytes, folder: RunFolder, earlier: Sequence[PhaseResult]) -> Watch:
        """Create the units and take the leases; nothing runs yet."""
        request = self.request
        told = plan_file_of_run(request.plan, request.facts, request.values, request.run)
        folder.write_plan(told)
        info = self.cluster.info()
        if request.is_emulated:
            ensure_cluster_cloud(self.engine, self.console.say)
        told = told.with_hosts({self.host: EngineVersions(info.version, "")})
        folder.write_plan(told)
        self.console.on_begin(lambda: None)
        watch = Watch(
            request.run,
            self.settings.spec,
            folder,
            self.console.cancellation,
            (folder.on_event, *self.console.listeners(self.settings)),
            {result.id: result for result in earlier},
            told.phases,
        )
        files = self._send_files(bundle)
        manifest = watch.manifest(told)
        self.cluster.store(f"fastflow-{request.run}-{MANIFEST}", manifest, {**self.labels, f"{LABEL}.role": MANIFEST})
        self._create(watch, files)
        self._hold(watch)
        watch.emit(self._begun(info.version))
        for kept in earlier:
            ids = {"test_record": kept.test_record, "test_run": kept.test_run}
            watch.emit(PhaseChanged.of(kept, **ids, is_kept=True))
        return watch

    def _send_files(self, bundle: bytes) -> Claim | None:
        """Give the nodes the archive: as a file of the cluster, or, if that is too small, as an image in a registry."""
        if len(bundle) <= FILE_LIMIT:
            return self.cluster.store(f"fastflow-{self.request.run}-files", bundle, self.labels)
        self.bundle_image = f"{self.declared.bundle}:{self.request.run}"
        push_bundle(self.engine, self.bundle_image, bundle, self.console.say)
        return None

    def _create(self, watch: Watch, files: Claim | None) -> None:
        for unit in sorted(self.units, key=lambda unit: -unit.length):  # long ones first: none is left for the end
            unit_id = self.cluster.create(self._order(unit, files))
            results = {phase.id: waiting_result(phase, self.host) for phase in unit.phases}
            watch.add(unit.number, unit_id, self.host, results)

    def _begun(self, version: str) -> RunStarted:
        plan = self.request.plan
        phases = tuple(phase.id for phase in plan.selected)
        return RunStarted(self.request.run, self.settings.spec, phases, plan.resumes, {self.host: version})

    def _hold(self, watch: Watch) -> None:
        """Take the leases of all units; raises BuildIdInUseError."""
        keys = tuple(keys_of(self.request.plan, self.settings, self.request.plan.selected))
        labels = {**self.labels, f"{LABEL}.role": ROLE}
        cancellable = {CANCELLABLE: "true"} if self.settings.cancel_in_progress else {}
        taking = Taking(self.cluster, keys, {**labels, **cancellable}, watch.note)
        take_or_wait(taking, self.console.cancellation, patience_of(self.settings))

    def _execute(self, watch: Watch) -> None:
        dispatcher = Dispatcher(
            self.cluster,
            self.request.run,
            list(watch.units),
            self.console.cancellation,
            watch.emit,
            self.declared.max_parallel,
            self.settings.fail_fast,
        )
        dispatcher.execute()

    def _secret(self, unit: UnitPlan) -> bytes:
        """What an agent is told; raises UsageError if that is too much."""
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
            name=f"fastflow-{unit.id(self.request.run)}",
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
