"""`fastflow doctor`: checks the prerequisites of a run on this machine, its engines and the cloud."""
