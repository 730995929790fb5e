"""The engines behind `fastflow.run.ports.Engine`."""
