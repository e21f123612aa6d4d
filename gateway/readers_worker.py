"""The process that reads what reports say: texts on its standard input, facts on its standard output, batch by batch.

It holds the master data and the rules and no secrets, and talks to nobody. For a text on which reading fails it answers
None. It ends when its input does.
"""

from __future__ import annotations

import gc
import pickle
import signal
import sys

from routing.directory import Directory
from routing.facts import Facts, read_facts
from routing.rules import Rules
from routing.values import Said

HEAD = 8  # bytes that tell how long a message on the pipe is


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    basis: tuple[Directory, Rules] | None = None
    while len(head := source.read(HEAD)) == HEAD:
        news, texts = pickle.loads(source.read(int.from_bytes(head)))  # noqa: S301 - from our own parent
        if news is not None:
            basis = news
            gc.freeze()  # it stays, so that nobody need look at it again
            gc.set_threshold(10_000, 20, 20)
        answer = pickle.dumps([_facts(said, basis) for said in texts], pickle.HIGHEST_PROTOCOL)
        sink.write(len(answer).to_bytes(HEAD) + answer)
        sink.flush()


def _facts(said: Said, basis: tuple[Directory, Rules] | None) -> Facts | None:
    try:
        return read_facts(said, *basis) if basis else None
    except Exception:
        return None


if __name__ == "__main__":
    main()
