"""Vendors on loopback: a small seeded world of a managed service provider, served as the vendors serve it."""
