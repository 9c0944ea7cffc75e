"""Benchmarks of the fold and of ingestion, side by side with others. `make bench` runs them into docs/benchmarks.md."""
