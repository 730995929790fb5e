"""The code that all adapters share: the environment and the record as input, exit code and SARIF as output."""
