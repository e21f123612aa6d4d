"""Proof that nothing was lost: what doors promised and others have, against what is in reports, signed day by day."""
