"""A flow as a picture: nodes in layers by their distance from the start, ways between them, ends at their own depth.

Plain SVG with its own light and dark colours; every node is a box with its name, its kind and what it says first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from html import escape

from ivr.flow import Flow, Node
from ivr.prompts import Phrases

WIDE, HIGH = 232, 62
ACROSS, DOWN = 40, 74
EDGE = 24
LETTERS = 36
COLOURS = {
    "say": "#5b6b7b",
    "menu": "#1f6feb",
    "ask": "#1f6feb",
    "record": "#8250df",
    "do": "#9a6700",
    "branch": "#9a6700",
    "queue": "#1a7f37",
    "connect": "#1a7f37",
    "end": "#cf222e",
}
STYLE = (
    "svg{background:#fff;font:12px system-ui,sans-serif}text{fill:#1f2328}.box{fill:#f6f8fa}"
    ".way{fill:none;stroke:#8c959f}.small{fill:#59636e;font-size:10.5px}@media(prefers-color-scheme:dark){svg{background:#0d1117}text{fill:#e6edf3}"
    ".box{fill:#161b22}.way{stroke:#6e7681}.small{fill:#9198a1}}"
)


def draw(flow: Flow, phrases: Phrases, language: str = "en") -> str:
    """The flow as an SVG document."""
    places = _places(flow)
    width = 2 * EDGE + max(x for x, _ in places.values()) + WIDE
    height = 2 * EDGE + max(y for _, y in places.values()) + HIGH
    ways = "".join(
        _way(places[name], places[target], exit_) for name, node in flow.node.items() for exit_, target in node.exits()
    )
    boxes = "".join(_box(name, node, places[name], phrases, language) for name, node in flow.node.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"<title>{escape(flow.name)}</title><style>{STYLE}</style>{ways}{boxes}</svg>\n"
    )


def _places(flow: Flow) -> Mapping[str, tuple[int, int]]:
    depth = {flow.start: 0}
    todo = deque([flow.start])
    while todo:
        name = todo.popleft()
        for _, target in flow.node[name].exits():
            if target not in depth:
                depth[target] = depth[name] + 1
                todo.append(target)
    for name in flow.node:
        depth.setdefault(name, 0)
    rows: dict[int, int] = {}
    places = {}
    for name, layer in sorted(depth.items(), key=lambda item: item[1]):
        column = rows.get(layer, 0)
        rows[layer] = column + 1
        places[name] = (EDGE + column * (WIDE + ACROSS), EDGE + layer * (HIGH + DOWN))
    return places


def _box(name: str, node: Node, place: tuple[int, int], phrases: Phrases, language: str) -> str:
    x, y = place
    spoken = phrases.say(node.say[0], language) if node.say else getattr(node, "effect", getattr(node, "when", ""))
    short = spoken if len(spoken) <= LETTERS else spoken[: LETTERS - 1] + "…"
    entry = f"node {name}, {node.kind}: {spoken}"
    return (
        f'<g><title>{escape(entry)}</title><rect class="box" x="{x}" y="{y}" width="{WIDE}" height="{HIGH}" rx="8" '
        f'stroke="{COLOURS[node.kind]}" stroke-width="1.5"/><text x="{x + 12}" y="{y + 20}" font-weight="600">'
        f'{escape(name)}</text><text class="small" x="{x + 12}" y="{y + 36}">{node.kind}</text>'
        f'<text class="small" x="{x + 12}" y="{y + 51}">{escape(short)}</text></g>'
    )


def _way(start: tuple[int, int], end: tuple[int, int], label: str) -> str:
    x1, y1 = start[0] + WIDE // 2, start[1] + HIGH
    x2, y2 = end[0] + WIDE // 2, end[1]
    if y2 <= start[1]:
        x1, y1, x2, y2 = start[0] + WIDE, start[1] + HIGH // 2, end[0] + WIDE, end[1] + HIGH // 2
        curve = f"M{x1} {y1}C{x1 + 60} {y1} {x2 + 60} {y2} {x2} {y2}"
    else:
        curve = f"M{x1} {y1}C{x1} {y1 + DOWN // 2} {x2} {y2 - DOWN // 2} {x2} {y2}"
    at_x, at_y = x1 + (x2 - x1) * 0.18, y1 + (y2 - y1) * 0.18 + 4
    return f'<path class="way" d="{curve}"/><text class="small" x="{at_x:.0f}" y="{at_y:.0f}">{escape(label)}</text>'
