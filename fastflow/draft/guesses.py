"""Guesses what a Compose file does not say outright: the name of the node, the service that tests, the attacked one."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from fastflow.application.model import Application, Service
from fastflow.application.proxying import proxy_variables
from fastflow.model.base import NAME_PATTERN
from fastflow.model.node_parts import DEFAULT_ALIAS
from fastflow.model.target import hosts_in

_PROXY = re.compile(r".*proxy.*", re.IGNORECASE)
_URL = re.compile(r"https?://(?P<host>[A-Za-z0-9_.-]+)(?P<port>:\d+)?")
_HTTPS = (443, 8443)
# The roles of services by usual names and images.
_TESTS = re.compile(r"test.*|(.*[-_.])?(tests?|specs?|e2e|newman|postman|cypress|playwright)([-_.]?\d*)", re.IGNORECASE)
_BROWSERS = re.compile(
    r"(.*[-_./])?(selenium|selenoid|zalenium|aerokube|browserless|browsers?|chrome|chromium|firefox|webdriver|"
    r"chromedriver|geckodriver|appium)(\d*|[-_./].*)",
    re.IGNORECASE,
)
_STORES = re.compile(
    r"(.*[-_./])?(db|database|postgres(ql)?|postgis|mysql|mariadb|mssql|oracle|mongo(db)?|redis|valkey|memcached|"
    r"rabbitmq|kafka|zookeeper|nats|elasticsearch|opensearch|cassandra|clickhouse|minio|etcd|vault|mailhog|mailpit)"
    r"(\d*|[-_.].*)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Guesses:
    """Guesses about one application, without its FAST services, and the FAST service that records it."""

    application: Application
    fast: Service

    @cached_property
    def alias(self) -> str:
        """The name to which requests are sent: one in a service's variable, else its alias, else its own."""
        taken = {name.lower() for one in self.application.services.values() for name in (one.name, *one.aliases)}
        fit = [name for name in self._own_names if re.fullmatch(NAME_PATTERN, name) and name.lower() not in taken]
        called = (name for name in fit if any(True for _ in self._naming((name,))))
        usual = (name for name in (DEFAULT_ALIAS, *fit) if name in fit)
        free = (f"fast-proxy{number or ''}" for number in range(len(taken) + 1))
        last = (name for name in (DEFAULT_ALIAS, *free) if name not in taken)
        return next(called, None) or next(usual, None) or next(last)

    def other_names(self) -> Iterator[tuple[str, str]]:
        """Other names by which services know it, besides its alias, each with such a service."""
        for name in self._own_names:
            if name.lower() != self.alias.lower():
                yield from ((name, other) for other in self._naming((name,)))

    @cached_property
    def tests(self) -> str | None:
        """The service whose requests are recorded: it sends them through the node, or works with a service that does.

        It is neither a browser or other helper of the tests, nor a part of the application that answers requests.
        """
        fit = [one for one in self.application.services.values() if not self._helps(one) and not self._answers(one)]
        near = [one for one in fit if self._is_proxied(one) or self._works_with_helpers(one)]
        near.sort(key=lambda one: (not _is_test(one), not self._is_proxied(one)))
        return next((one.name for one in (*near, *filter(_is_test, fit))), None)

    def target(self, allowed_hosts: str | None) -> str | None:
        """The URL of the application: one in the tests' variables, or a recorded host."""
        hosts = [name for name in hosts_in(allowed_hosts) if self._services(name)]
        for url, host in self._urls([self.tests] if self.tests else self.application.services):
            if not hosts or host in hosts:
                return url
        for host in hosts:
            return _address(host, self._services(host)[0])
        return next((_address(one.name, one) for one in self._likely_targets()), None)

    @property
    def _own_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.fast.aliases, *self.fast.names)))

    @cached_property
    def _proxied(self) -> frozenset[str]:
        """The services that send their requests through the node."""
        return frozenset(self._naming(self._own_names))

    def _is_proxied(self, service: Service) -> bool:
        return service.name in self._proxied

    def _helps(self, service: Service) -> bool:
        """Whether a service helps the tests, like a browser, and is neither the tests nor the application."""
        if _is_browser(service):
            return True
        return self._is_proxied(service) and not _is_test(service) and (bool(service.ports) or self._is_used(service))

    def _answers(self, service: Service) -> bool:
        """Whether a service answers requests, unlike tests."""
        return bool(service.ports or service.exposes) and not (_is_test(service) and self._is_proxied(service))

    def _is_used(self, service: Service) -> bool:
        others = [one for one in self.application.services.values() if one.name != service.name]
        return any(service.name in one.needs or service in self._named_by(one) for one in others)

    def _works_with_helpers(self, service: Service) -> bool:
        around = [self.application.services[name] for name in self.application.closure([service.name])]
        return any(self._helps(one) for one in (*around, *self._named_by(service)))

    def _named_by(self, service: Service) -> tuple[Service, ...]:
        """The services in the URLs among a service's variables."""
        texts = (*(value or "" for value in service.environment.values()), *service.command)
        hosts = dict.fromkeys(found["host"] for text in texts for found in _URL.finditer(text))
        return tuple(one for host in hosts for one in self._services(host))

    def _likely_targets(self) -> Iterator[Service]:
        """Services that may be the application, the most likely first."""
        services = self.application.services
        needed = services[self.tests].needs if self.tests else ()
        around = self.application.closure(needed)
        fit = [
            one for one in services.values() if one.name != self.tests and not self._helps(one) and not _is_store(one)
        ]
        yield from (one for one in fit if one.name in needed)
        yield from (one for one in fit if one.name in around)
        yield from (one for one in fit if not self.tests and (one.ports or one.exposes))
        yield from (one for one in fit if self.tests and one.ports)
        yield from (fit if len(fit) == 1 and not self._tests_name_urls() else ())

    def _tests_name_urls(self) -> bool:
        """Whether the tests' variables have URLs, none of which is then the application's if it has to be guessed."""
        tests = self.application.services.get(self.tests or "")
        return tests is not None and any(_URL.search(value or "") for value in tests.environment.values())

    def _urls(self, names: Iterable[str]) -> Iterator[tuple[str, str]]:
        for name in names:
            service = self.application.services[name]
            values = [value for variable, value in service.environment.items() if not _PROXY.fullmatch(variable)]
            for found in (found for text in (*values, *service.command) for found in _URL.finditer(text or "")):
                others = [one for one in self._services(found["host"]) if one.name != name and not self._helps(one)]
                if others:
                    yield found.group(), found["host"]

    def _services(self, host: str) -> tuple[Service, ...]:
        return self.application.answering(host)

    def _naming(self, names: Iterable[str]) -> Iterator[str]:
        """The services with a proxy variable, or a command, that names one of these hosts."""
        for service in self.application.services.values():
            values = {name: value for name, value in service.environment.items() if _PROXY.fullmatch(name)}
            values["its command"] = " ".join(service.command)
            known = {name: value for name, value in values.items() if "$" not in (value or "")}
            if any(proxy_variables(known, name) for name in names):
                yield service.name


def _address(host: str, service: Service) -> str:
    """A URL of a service, with the port that it publishes or exposes, if any."""
    ports = [port.container[0] for port in (*service.ports, *service.exposes) if port.container[0]]
    plain = [port for port in ports if port not in _HTTPS]
    if 80 in plain or not ports:
        return f"http://{host}"
    if plain:
        return f"http://{host}:{plain[0]}"
    return f"https://{host}" + ("" if ports[0] == 443 else f":{ports[0]}")


def _is_test(service: Service) -> bool:
    """Whether a service has a usual name for tests."""
    return bool(_TESTS.fullmatch(service.name))


def _is_browser(service: Service) -> bool:
    """Whether a service is a browser, or a hub of browsers, which tests drive."""
    return not _is_test(service) and any(_BROWSERS.fullmatch(name) for name in (service.name, _image(service)))


def _is_store(service: Service) -> bool:
    """Whether a service stores data or passes messages, and so is not attacked over HTTP."""
    return any(_STORES.fullmatch(name) for name in (service.name, _image(service)))


def _image(service: Service) -> str:
    """The image without tag and digest."""
    return re.sub(r"(:[^/]*)?(@.*)?$", "", service.image or "", count=1)
