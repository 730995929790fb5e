"""The use cases behind the commands: functions of plain values that know no click, print nothing, and never exit."""
