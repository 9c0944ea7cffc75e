"""What a service is made of, and how any service is pulled."""
