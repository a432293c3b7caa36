"""City-first keys, real composite foreign keys, and transactions that are tried again on a conflict."""
