"""What a process of ours that reads what strangers sent may have at most, set by itself before it reads anything."""

from __future__ import annotations

import contextlib
import resource


def confine(memory: int, cpu: int | None = None) -> None:
    """At most so many bytes of address space and seconds of CPU, no file written, no core; as far as the system knows
    such limits."""
    limits = {"RLIMIT_AS": memory, "RLIMIT_CPU": cpu, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0}
    for name, limit in limits.items():
        if limit is not None:
            with contextlib.suppress(AttributeError, ValueError, OSError):
                resource.setrlimit(getattr(resource, name), (limit, limit))
