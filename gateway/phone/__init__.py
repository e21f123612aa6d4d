"""The telephone behind its door: who waits, who is rung, talks and what comes of them, the ladder at night."""
