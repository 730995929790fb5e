"""One file per command: flags to options to one call to an exit code."""
