"""Recordings and transcripts: fetching, transcription, redaction, retention."""
