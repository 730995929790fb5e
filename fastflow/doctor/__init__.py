"""What a run will need of this machine, its engines and the cloud, looked at before: `fastflow doctor`."""
