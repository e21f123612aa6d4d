"""A recording as text: who said what, and when. What is personal in it is masked by whoever keeps it."""
