"""The process that sanitises one HTML mail: read on its standard input, its markup written on its standard output.

It holds no secrets and talks to nobody. Memory and CPU time are limited; what is too deep or too heavy ends it with a
status that is not zero.
"""

from __future__ import annotations

import sys

from channels.confined import confine

MEMORY = 512 * 1024 * 1024  # bytes of address space
CPU = 2  # seconds


def main() -> None:
    """Sanitise; the one argument is `remote` when pictures from elsewhere may stay."""
    confine(MEMORY, CPU)
    from channels.mail.html import sanitise

    source = sys.stdin.buffer.read().decode()
    sys.stdout.buffer.write(sanitise(source, remote=sys.argv[1] == "remote").encode())


if __name__ == "__main__":
    main()
