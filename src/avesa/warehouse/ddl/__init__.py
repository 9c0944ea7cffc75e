"""Statements with which an engine reads the canonical tables where they lie."""
