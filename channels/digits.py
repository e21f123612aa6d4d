"""Digits as people spell them, in Swedish, Norwegian, Danish, Finnish, German and English."""

from __future__ import annotations

_SPELT = (
    "noll nolla nollan null zero oh",
    "ett en ettan én eins ein one yksi",
    "två tvåan to zwei zwo two kaksi",
    "tre trean drei three kolme",
    "fyra fyran fire vier four neljä",
    "fem femman fünf five viisi",
    "sex sexan seks sechs six kuusi",
    "sju sjuan syv sieben seven seitsemän",
    "åtta åttan åtte otte acht eight kahdeksan",
    "nio nian ni neun nine yhdeksän",
)
DIGITS = {word: digit for digit, words in enumerate(_SPELT) for word in words.split()}
