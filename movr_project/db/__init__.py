"""City-first keys, composite foreign keys, and transactions that are retried on a conflict."""
