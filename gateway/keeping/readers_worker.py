"""The process that reads what reports say: texts come on its line, facts go back, batch by batch.

It holds the master data and the rules and talks to nobody else. For a text on which reading fails it answers None. It
ends when its line does.
"""

from __future__ import annotations

import gc
import pickle
import signal
import socket

from routing.directory import Directory
from routing.facts import Facts, read_facts
from routing.rules import Rules
from routing.values import Said

HEAD = 8  # bytes that tell how long a message on the line is


def main() -> None:
    """As a program, with the line as standard input."""
    serve(socket.socket(fileno=0), None)


def serve(line: socket.socket, rules: Rules | None) -> int:
    """Read for whoever is at the other end, by these rules until others come."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, sink = line.makefile("rb"), line.makefile("wb")
    directory: Directory | None = None
    while len(head := source.read(HEAD)) == HEAD:
        new_directory, new_rules, texts = pickle.loads(source.read(int.from_bytes(head)))  # noqa: S301 - our own parent
        if new_directory is not None or new_rules is not None:
            directory = directory if new_directory is None else new_directory
            rules = rules if new_rules is None else new_rules
            gc.freeze()  # it stays, so that nobody need look at it again
            gc.set_threshold(10_000, 20, 20)
        answer = pickle.dumps([_facts(said, directory, rules) for said in texts], pickle.HIGHEST_PROTOCOL)
        sink.write(len(answer).to_bytes(HEAD) + answer)
        sink.flush()
    return 0


def _facts(said: Said, directory: Directory | None, rules: Rules | None) -> Facts | None:
    try:
        return None if directory is None or rules is None else read_facts(said, directory, rules)
    except Exception:
        return None


if __name__ == "__main__":
    main()
