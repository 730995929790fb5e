"""The engines behind `fastflow.run.engine.Engine`."""
