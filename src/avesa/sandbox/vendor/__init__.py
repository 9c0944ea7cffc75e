"""A vendor on this machine, built from a contract alone: it refuses what the vendor would refuse and notes why.

It knows nothing of how our services are declared. The words that its rules are written in are explained in
tests/contracts/README.md.
"""
