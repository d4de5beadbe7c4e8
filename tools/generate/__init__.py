"""Writes what can be derived: `make generate`. The gate compares, so a stale file does not get far."""
