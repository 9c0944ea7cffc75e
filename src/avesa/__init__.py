"""AVESA: every tool's tables of every tenant, landed as they came and folded into history."""

__version__ = "0.1.0"
