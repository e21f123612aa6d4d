"""Spoken dialogues as data: a flow is checked whole before a call, and stepped through without I/O."""
