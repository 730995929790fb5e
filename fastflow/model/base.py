"""What all types of the spec share: frozen, no unknown fields, descriptions for the schema."""

from pydantic import BaseModel, ConfigDict


class SpecModel(BaseModel):
    """A mapping of fastflow's own in a spec."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, use_attribute_docstrings=True)
