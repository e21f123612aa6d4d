"""The agents' verbs. Each is one transaction: guard, change, timeline; pages are told after commit."""

from gateway.desk.acts import Refused, Taken, Unknown
from gateway.desk.bundles import attach, detach, split
from gateway.desk.endings import DISPOSITIONS, close_unconfirmed, conclude, confirm, reopen
from gateway.desk.holding import claim, escalate, escalate_overdue, hand_over, release, resume, wait
from gateway.desk.opening import open_case
from gateway.desk.remote import possible, restart, unlock
from gateway.desk.suggestions import different, same
from gateway.desk.words import correct, note, reply
from gateway.record.timeline import CUSTOMER, SYSTEM, Actor

__all__ = [
    "CUSTOMER",
    "DISPOSITIONS",
    "SYSTEM",
    "Actor",
    "Refused",
    "Taken",
    "Unknown",
    "attach",
    "claim",
    "close_unconfirmed",
    "conclude",
    "confirm",
    "correct",
    "detach",
    "different",
    "escalate",
    "escalate_overdue",
    "hand_over",
    "note",
    "open_case",
    "possible",
    "release",
    "reopen",
    "reply",
    "restart",
    "resume",
    "same",
    "split",
    "unlock",
    "wait",
]
