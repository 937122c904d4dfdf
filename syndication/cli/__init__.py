"""A door: the command line and the supervisor of `up`."""
