"""What a Compose file does not say outright: which name the node goes by, which service tests, which is attacked."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fastflow.application.model import Application, Service
from fastflow.model.node import DEFAULT_ALIAS
from fastflow.model.scalars import NAME_PATTERN

_TESTS = re.compile(r"test.*|(.*[-_.])?(tests?|e2e|newman|postman|cypress|playwright)([-_.]?\d*)", re.IGNORECASE)
_PROXY = re.compile(r"(all|https?)_proxy|.*proxy.*", re.IGNORECASE)
_URL = re.compile(r"https?://(?P<host>[A-Za-z0-9_.-]+)(?P<port>:\d+)?")


@dataclass(frozen=True)
class Guesses:
    """Guesses about one application, which its FAST services have left."""

    application: Application

    def alias(self, fast: Service) -> str:
        """The name that requests are sent to: one that a service's variable names, else its alias, else its own."""
        names = _names(fast)
        taken = {name.lower() for one in self.application.services.values() for name in (one.name, *one.aliases)}
        fit = [name for name in names if re.fullmatch(NAME_PATTERN, name) and name.lower() not in taken]
        called = (name for name in fit if any(True for _ in self._naming((name,))))
        usual = (name for name in (DEFAULT_ALIAS, *fit) if name in fit)
        free = (f"fast-proxy{number or ''}" for number in range(len(taken) + 1))
        last = (name for name in (DEFAULT_ALIAS, *free) if name not in taken)
        return next(called, None) or next(usual, None) or next(last)

    def other_names(self, fast: Service, alias: str) -> Iterator[tuple[str, str]]:
        """Names of it other than its alias that services know it by, each with such a service."""
        for name in _names(fast):
            if name.lower() != alias.lower():
                yield from ((name, other) for other in self._naming((name,)))

    def tests(self, fast: Service) -> str | None:
        """The service whose requests are recorded: it names the node as its proxy, or works with one that does."""
        proxied = list(dict.fromkeys(self._naming(_names(fast))))
        services = self.application.services
        tests = [name for name in services if _TESTS.fullmatch(name)]
        near = [name for name in tests if set(self.application.closure([name])) & set(proxied)]
        needed = {other for service in services.values() for other in service.needs}
        last = [name for name in proxied if name not in needed and not services[name].ports]
        return next(iter((*near, *last, *tests, *proxied)), None)

    def target(self, tests: str | None, allowed_hosts: str | None) -> str | None:
        """The URL of the application: one that the tests are told, or a host that is recorded."""
        hosts = [name for name in re.split(r"[(|)]", allowed_hosts or "") if name and self._service(name)]
        urls = list(self._urls([tests] if tests else self.application.services))
        for url, host in urls:
            if not hosts or host in hosts:
                return url
        for host in hosts:
            return f"http://{host}{self._port(host)}"
        first = (one.name for one in self.application.services.values() if one.ports and one.name != tests)
        if tests and (needed := self.application.services[tests].needs):
            first = (name for name in needed if not self._is_proxied(name))
        return next((f"http://{name}{self._port(name)}" for name in first if self._service(name)), None)

    def _urls(self, names: Iterable[str]) -> Iterator[tuple[str, str]]:
        for name in names:
            for variable, value in self.application.services[name].environment.items():
                for found in _URL.finditer(value or "") if not _PROXY.fullmatch(variable) else ():
                    service = self._service(found["host"])
                    if service and service.name != name and not self._is_proxied(service.name):
                        yield found.group(), found["host"]

    def _is_proxied(self, name: str) -> bool:
        """Whether it sends its requests through a proxy, as a browser of the tests does."""
        service = self.application.services.get(name)
        return service is not None and any(_PROXY.fullmatch(variable) for variable in service.environment)

    def _service(self, host: str) -> Service | None:
        for service in self.application.services.values():
            if host in (service.name, *service.aliases, service.container_name, service.hostname):
                return service
        return None

    def _port(self, host: str) -> str:
        service = self._service(host)
        ports = [port.container[0] for port in (service.ports if service else ()) if port.container[0]]
        return f":{ports[0]}" if ports and ports[0] != 80 else ""

    def _naming(self, names: Iterable[str]) -> Iterator[str]:
        """The services that have a variable which names one of these hosts."""
        hosts = "|".join(map(re.escape, names))
        named = re.compile(rf"(?<![A-Za-z0-9_.-])({hosts})(?![A-Za-z0-9_-]|\.[A-Za-z0-9])", re.IGNORECASE)
        for service in self.application.services.values():
            values = (value for name, value in service.environment.items() if _PROXY.fullmatch(name) and value)
            if any(named.search(value) for value in values):
                yield service.name


def _names(fast: Service) -> tuple[str, ...]:
    """Every name that a service answers to."""
    written = (*fast.aliases, fast.name, fast.container_name, fast.hostname)
    return tuple(dict.fromkeys(name for name in written if name))
