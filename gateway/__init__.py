"""The gateway: the core, and the only package that speaks SQL and Redis."""
