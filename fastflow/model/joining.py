"""Merges an included file under the spec that includes it: own values win, workflows join."""

from collections.abc import Iterator

from fastflow.diagnostic import Diagnostic, Related
from fastflow.model.defaults import merge
from fastflow.model.places import Place
from fastflow.spec.document import Scalar, YamlMap, YamlNode

_BY_NAME = ("workflows", "hosts")
_BY_KEY = ("cloud", "defaults", "checks")


def joined(own: YamlMap, under: YamlMap, faults: list[Diagnostic]) -> YamlMap:
    """Merge `under` into `own`, which wins: mappings by key, hosts as a whole; a workflow in both is a fault."""
    entries = [(key, _value(key.text, value, under.get(key.text), faults)) for key, value in own]
    more = ((key, value) for key, value in under if own.key(key.text) is None and not key.text.startswith("x-"))
    return YamlMap((*entries, *more), own.mark, own.tag, own.origin)


def _value(field: str, own: YamlNode, under: YamlNode | None, faults: list[Diagnostic]) -> YamlNode:
    if under is None or _is_null(under):
        return own
    if _is_null(own):
        return under
    if field not in (*_BY_NAME, *_BY_KEY):
        return own
    if not isinstance(under, YamlMap):
        place = Place(under.mark, under.origin)
        faults.append(place.error("invalid-value", f"`{field}`: expected a mapping", "write { KEY: VALUE }"))
        return own
    if not isinstance(own, YamlMap):
        return own
    if field in _BY_KEY:
        return merge(own, under)
    if field == "workflows":
        faults.extend(_taken(own, under))
    known = {key.text.lower() for key, _ in own}
    more = tuple((key, value) for key, value in under if key.text.lower() not in known)
    return YamlMap((*own.entries, *more), own.mark, own.tag, own.origin)


def _taken(own: YamlMap, under: YamlMap) -> Iterator[Diagnostic]:
    """A finding for each workflow whose name is taken, because either one would be missed if it were left out."""
    known = {key.text.lower(): key for key, _ in own}
    for key, _ in under:
        other = known.get(key.text.lower())
        if other is not None and not key.text.startswith("x-"):
            found = Place(key.mark, key.origin).error(
                "invalid-value", f"there is already a workflow `{other.text}`", "rename one of the two"
            )
            yield found._replace(related=(Related(other.mark, f"`{other.text}` is here"), *found.related))


def _is_null(node: YamlNode) -> bool:
    return isinstance(node, Scalar) and node.is_null
