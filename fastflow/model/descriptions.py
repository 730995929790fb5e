"""The descriptions of the model's fields: the texts that stand below them in the source.

pydantic can read them too (`use_attribute_docstrings`), but does so whenever a model is imported, which costs a
validation half of its time; only the schema and the reference page need them.
"""

import ast
import inspect
from functools import cache
from textwrap import dedent

from fastflow.model.base import SpecModel


@cache
def descriptions_of(model: type[SpecModel]) -> dict[str, str]:
    """Return the description of each field of a model, with those that it inherits."""
    found: dict[str, str] = {}
    for ancestor in reversed(model.__mro__):
        if issubclass(ancestor, SpecModel) and ancestor is not SpecModel:
            found |= _own_descriptions(ancestor)
    return {name: text for name, text in found.items() if name in model.model_fields}


def _own_descriptions(model: type[SpecModel]) -> dict[str, str]:
    (definition,) = ast.parse(dedent(inspect.getsource(model))).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                found[name] = inspect.cleandoc(said)
    return found
