"""One file per command: from flags to options to one call to an exit code."""
