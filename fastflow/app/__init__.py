"""The use cases: what each command does, in functions of plain values that know no click, print nothing, never exit."""
