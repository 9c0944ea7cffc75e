"""The workflow of a sync: its definition, and what is put into it."""
