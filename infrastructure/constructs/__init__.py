"""What more than one stack is made of."""
