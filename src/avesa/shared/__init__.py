"""What every stage shares: the layout of the storage, the ports to the outside world, errors and time."""
