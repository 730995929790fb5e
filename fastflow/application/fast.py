"""FAST services of the user's own: fastflow's nodes take their place (docs: the spec, Workflow)."""

import re

from fastflow.application.model import Application, Service
from fastflow.spec.template import TemplateError, parse_template, resolve

# Of any registry, tag or digest. `wallarm/node` is Wallarm's filtering node: a part of the application.
_WALLARM_IMAGE = re.compile(r"(?:[^/]+/)*wallarm/(?P<product>fast|node)(?::[^/@]*)?(?:@.+)?")
MODE_VARIABLE = "CI_MODE"


def is_fast_service(service: Service) -> bool:
    """Return whether a service is a FAST node: it has FAST's image or a `CI_MODE`. Other Wallarm products have tokens.

    A `CI_MODE` counts with any value, so that the answer is the same before and after variables have values.
    """
    wallarm = _WALLARM_IMAGE.fullmatch(_image(service))
    return wallarm["product"] == "fast" if wallarm else MODE_VARIABLE in service.environment


def _image(service: Service) -> str:
    """The image as it is where no variable is set, such as the registry, the tag, or the whole with its default."""
    written = service.image or ""
    try:
        image = resolve(parse_template(written), lambda _: None, stand_in="")
    except TemplateError:
        image = written
    return image.lstrip("/")


def without_fast(application: Application) -> Application:
    """Leave the FAST services out, with every dependency on them."""
    fast = [name for name, service in application.services.items() if is_fast_service(service)]
    return application.without(fast) if fast else application
