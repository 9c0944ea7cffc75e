"""What has changed in the shape of what vendors send, against what the mappings read."""
