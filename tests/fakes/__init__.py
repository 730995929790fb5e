"""An engine in memory: it passes the suite of the real one."""
