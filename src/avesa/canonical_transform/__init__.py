"""From raw files to canonical tables: mapping, SCD2 fold, Delta table."""
