"""The JSON API of `/api/v1`: one table of endpoints, what they take and answer, and its description."""
