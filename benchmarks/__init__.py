"""Benchmarks of the fold, side by side with other engines. `make bench` runs them and writes docs/benchmarks.md."""
