"""The record: one aggregate is one module with its .sql file beside it."""
