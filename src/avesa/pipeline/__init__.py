"""Plan, ingest, transform: one sync, whoever starts it."""
