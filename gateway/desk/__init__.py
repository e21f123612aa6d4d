"""The agents' verbs. Each is one transaction: guard, change, timeline; pages are told after commit."""

from gateway.desk.acts import Overtaken, Refused, Taken, Unknown
from gateway.desk.analysing import COMPONENTS, analyse
from gateway.desk.bundles import attach, detach, split
from gateway.desk.calling import call
from gateway.desk.endings import DISPOSITIONS, close_unconfirmed, conclude, confirm, rate, reopen
from gateway.desk.holding import claim, release, resume, take_back, wait
from gateway.desk.lines import escalate, escalate_overdue, hand_over, overflow, propose, send_back
from gateway.desk.onsite import add_document, lapse_visit, perform_visit
from gateway.desk.opening import open_case
from gateway.desk.parting import part
from gateway.desk.recipients import Recipient, named, recipients
from gateway.desk.referring import refer, unrefer
from gateway.desk.remote import offered, possible, remote, restart, unlock
from gateway.desk.suggestions import different, same
from gateway.desk.supposing import supposed
from gateway.desk.visiting import book_visit, cancel_visit, plan_visit, refuse_visit
from gateway.desk.words import correct, note, reachable, reply
from gateway.record.timeline import CUSTOMER, SYSTEM, Actor

__all__ = [
    "COMPONENTS",
    "CUSTOMER",
    "DISPOSITIONS",
    "SYSTEM",
    "Actor",
    "Overtaken",
    "Recipient",
    "Refused",
    "Taken",
    "Unknown",
    "add_document",
    "analyse",
    "attach",
    "book_visit",
    "call",
    "cancel_visit",
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
    "lapse_visit",
    "named",
    "note",
    "offered",
    "open_case",
    "overflow",
    "part",
    "perform_visit",
    "plan_visit",
    "possible",
    "propose",
    "rate",
    "reachable",
    "recipients",
    "refer",
    "refuse_visit",
    "release",
    "remote",
    "reopen",
    "reply",
    "restart",
    "resume",
    "same",
    "send_back",
    "split",
    "supposed",
    "take_back",
    "unlock",
    "unrefer",
    "wait",
]
