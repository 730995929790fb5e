"""A run's prerequisites on a cluster: a manager that answers, nodes that can run units, and the agent's image."""

from collections.abc import Iterator, Sequence

from fastflow.cluster.cluster import Cluster
from fastflow.doctor.engine_checks import look_at_images
from fastflow.doctor.examination import Answer
from fastflow.engines.docker import DockerEngine
from fastflow.model.host import Host


def look_at_cluster(cluster: Cluster, constraints: Sequence[str] = ()) -> Iterator[Answer]:
    """Check that a manager answers and has nodes for units; raises EngineError, whose hint says what to do."""
    info = cluster.info()
    yield Answer("cluster", f"a manager of Docker Swarm answers, Docker Engine {info.version}")
    if info.nodes:
        those = f": those that meet {', '.join(constraints)}" if constraints else ""
        yield Answer("nodes", f"units can run on {', '.join(sorted(info.nodes))}{those}")
    else:
        yield Answer("nodes", "no node can take units", "see: docker node ls; set one to active: docker node update")


def look_at_agent(engine: DockerEngine, host: Host) -> Iterator[Answer]:
    """Check the agent's image: one with a registry can be pulled, any other must be on every node."""
    image = host.agent_image
    if "/" in image:
        yield from look_at_images(engine, (image,), {})
    elif engine.api.missing_images([image]):
        yield Answer(
            "agent", f"{image} is not on the manager", "build it, and load it on every node: fastflow agent build"
        )
    else:
        yield Answer("agent", f"{image} is on the manager; every other node also needs it")
