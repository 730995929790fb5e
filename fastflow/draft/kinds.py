"""What a service is by its name and its image, as teams call them."""

import re

from fastflow.application.model import Service

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


def is_test(service: Service) -> bool:
    """Whether a service is called as tests are."""
    return bool(_TESTS.fullmatch(service.name))


def is_browser(service: Service) -> bool:
    """Whether a service is a browser, or a hub of some, which tests drive."""
    return not is_test(service) and any(_BROWSERS.fullmatch(name) for name in (service.name, _image(service)))


def is_store(service: Service) -> bool:
    """Whether a service keeps data or passes messages: it is not what is attacked over HTTP."""
    return any(_STORES.fullmatch(name) for name in (service.name, _image(service)))


def _image(service: Service) -> str:
    """The image without tag and digest."""
    return re.sub(r"(:[^/]*)?(@.*)?$", "", service.image or "", count=1)
