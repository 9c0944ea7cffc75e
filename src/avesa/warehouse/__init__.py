"""The canonical tables in other engines: readable in place, or loaded."""
