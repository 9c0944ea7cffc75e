"""The stacks of one environment, in the order in which they are deployed."""
