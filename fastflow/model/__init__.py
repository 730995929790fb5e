"""The language of a spec: frozen pydantic types, one module per noun."""
