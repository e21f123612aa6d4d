"""HTML mails: their text, with quotes marked the way plain text marks them, and their sanitised form for a page.

`text_of` never raises: what no parser understands is stripped of its tags. `sanitise` keeps an allow-list of elements
and nothing that loads, runs, submits or covers anything; pages show it in a sandboxed frame besides. Its time grows
with the square of the depth: what is nested too deep is refused. `channels.sanitising` limits what else takes long.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from typing import Any

from channels.mail.marks import CUT, MAYBE
from channels.mail.signatures import SIGNED

LIMIT = 1_000_000  # characters that are read
DEEPEST = 200  # elements within one another that are shown
_QUOTE_CLASSES = frozenset(
    {"gmail_quote", "yahoo_quoted", "protonmail_quote", "cite", "quote", "zmail_extra", "tutanota_quote"}
)
_SIGNATURE_CLASSES = frozenset(
    {
        "gmail_signature", "gmail_signature_prefix", "x_gmail_signature", "moz-signature", "signature", "x_signature",
        "ms-outlook-mobile-signature", "protonmail_signature_block", "bloop_sign", "email-signature", "mail-signature",
        "applemailsignature",
    }
)  # fmt: skip
_ATTRIBUTION_CLASSES = frozenset({"moz-cite-prefix", "gmail_attr"})
_HEADER_IDS = frozenset(
    {"divrplyfwdmsg", "x_divrplyfwdmsg", "mail-editor-reference-message", "isForwardContent".lower()}
)
_OUTLOOK_RULE = re.compile(r"border:\s*none;\s*border-top:\s*solid\s+#(?:e1e1e1|b5c4df)", re.IGNORECASE)
_MOST = 1000  # parts that are taken out; what has more of them is no mail
_SIGNATURE_LINES, _SIGNATURE_CHARACTERS = 20, 1_500
_DROPPED = ("script", "style", "title", "head", "template", "noscript", "svg", "object", "iframe", "select", "textarea")
_MARK = "\ue002{}\ue003"
_MARKED = re.compile("\ue002(\\d+)\ue003")
_OWN_MARKS = "\ue000\ue001\ue002\ue003\ue004"
_PRIVATE = re.compile(f"[{_OWN_MARKS}]")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"<[^<>]{0,4000}>")
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li)\b[^<>]{0,200}>", re.IGNORECASE)
_DECLARES = re.compile(r"<!(?!doctype)")
_DESCRIBES = re.compile(r"\balt\s*=")
_UNSHOWN = re.compile(r"<(style|title)\b[^>]{0,200}>[^<]*</\1\s*>", re.IGNORECASE)
_FEW = 20
_WITHIN = re.compile(r"(?<=[\"'])data:[\w.+/-]{1,80};base64,[^\"'<>]{40,}")
_TITLE = re.compile(r"<title\b[^>]{0,200}>", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_OPENED = re.compile(r"<!--.*?(?:-->|\Z)|<(/?)([a-z][^\s/>]*)", re.DOTALL | re.IGNORECASE)
_SHALLOW = frozenset(
    {
        "area", "base", "body", "br", "col", "colgroup", "dd", "dt", "embed", "head", "hr", "html", "img", "input",
        "li", "link", "meta", "option", "p", "param", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track",
        "wbr",
    }
)  # fmt: skip  # hold nothing, or end by themselves where the next one begins
_INVISIBLE = re.compile("[\u00ad\u034f\u200b-\u200f\u2060\u2800\u3164]")


def text_of(source: str) -> str:
    """The text of an HTML document.

    Lines of quoted parts begin with "> ", those of what the program marked as signature with `signatures.SIGNED`; a
    known border of old text is `quotes.CUT`.
    """
    source = _DECLARATION.sub("", _PRIVATE.sub("", _read(source)), count=1)
    if not source.strip():
        return ""
    if _TITLE.search(source) and "</title" not in source.lower():
        source = _TITLE.sub("", source)  # else all that follows would be the title
    try:
        return _tidy(_structured(source))
    except Exception:  # whatever a strange document does to the libraries, its words are worth having
        return _tidy(_stripped(source))


def shows_at_most(source: str) -> str | None:
    """All words that the document can show, at a tenth of what `text_of` costs; None where only that can tell."""
    return None if _is_hard(source) else _stripped(_UNSHOWN.sub(" ", source, count=_FEW))


def _is_hard(source: str) -> bool:
    """Whether more or less may be shown than stands between the tags: comments, pictures' descriptions, own marks."""
    lower = source.lower()
    described = "alt" in lower and _DESCRIBES.search(lower) is not None
    return described or _DECLARES.search(lower) is not None or any(mark in source for mark in _OWN_MARKS)


def _stripped(source: str) -> str:
    """The document without its tags and the comments that end."""
    ended = source.rfind("-->") + 3 if "-->" in source else 0  # a search for an end that is not there would be long
    source = _COMMENT.sub(" ", source[:ended]) + source[ended:]
    return html.unescape(_TAG.sub(" ", _BREAK.sub("\n", source)))


def _read(source: str) -> str:
    """As much as is read; pictures that stand within the document do not count, and are not shown."""
    return (_WITHIN.sub("", source) if ";base64," in source else source)[:LIMIT]


def sanitise(source: str, remote: bool = False) -> str:
    """The document as markup that a page may show inside a sandboxed frame: no scripts, styles, forms, remote content.

    Links open elsewhere without a referrer, never a page of ours, and show no address but their own; pictures keep only
    `cid:` addresses, and with `remote` those of the web.
    Raises ValueError for one that is nested too deep.
    """
    import nh3  # not needed where mails are parsed

    source = _read(source)
    if _too_deep(source):
        raise ValueError("nested too deep to be shown")
    return nh3.clean(
        source,
        tags=_TAGS,
        clean_content_tags={"script", "style", "title", "noscript", "template", "svg", "math", "textarea", "select"},
        attributes={
            "*": {"dir", "lang"},
            "abbr": {"title"},
            "a": {"href"},
            "img": {"src", "alt", "width", "height"},
            "td": {"colspan", "rowspan"},
            "th": {"colspan", "rowspan"},
            "ol": {"start"},
        },
        attribute_filter=_kept_with_pictures if remote else _kept_attribute,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "div",
    "dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "ol", "p",
    "pre", "q", "s", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
    "tt", "u", "ul",
}  # fmt: skip


def _too_deep(source: str) -> bool:
    """Whether more elements stand open somewhere than may lie within one another; in one pass, nothing is built."""
    begun: Counter[str] = Counter()
    depth = 0
    for match in _OPENED.finditer(source):
        name = (match[2] or "").lower()
        if not name or name in _SHALLOW:
            continue
        if not match[1]:
            begun[name] += 1
            depth += 1
        elif begun[name]:
            begun[name] -= 1
            depth -= 1
        if depth > DEEPEST:
            return True
    return False


def _kept_attribute(element: str, attribute: str, value: str) -> str | None:
    if element == "img" and attribute == "src":
        return value if value.lower().startswith("cid:") else None
    return value


def _kept_with_pictures(element: str, attribute: str, value: str) -> str | None:
    if element == "img" and attribute == "src" and re.match(r"https?://", value, re.IGNORECASE):
        return value
    return _kept_attribute(element, attribute, value)


def _structured(source: str) -> str:
    from lxml.html import HTMLParser, document_fromstring

    parser = HTMLParser(remove_comments=True, remove_pis=True, huge_tree=True)
    tree = document_fromstring(source, parser=parser)
    if any("depth" in entry.message for entry in parser.error_log):
        raise ValueError("nested so deep that the parser leaves the rest out")
    _drop(tree)
    _mark_borders(tree)
    _set_apart(tree)
    _number_lists(tree)
    taken = _take_quotes(tree)
    _take_signatures(tree, taken)
    return _put_back(_render(tree), taken)


def _render(tree: Any) -> str:
    from inscriptis.html_engine import Inscriptis

    text: str = Inscriptis(tree).get_text()
    return text


def _drop(tree: Any) -> None:
    for element in list(tree.iter(*_DROPPED)):
        if element.getparent() is not None:
            element.drop_tree()


def _mark_borders(tree: Any) -> None:
    """A line of its own above what Outlook marks as the header of the old mail, in whatever language it is."""
    for element in tree.iter("div"):
        ident = (element.get("id") or "").lower()
        ruled = _OUTLOOK_RULE.search(element.get("style") or "") is not None
        if ident in _HEADER_IDS or (ruled and element.text_content()[:1000].count(":") > 2):
            before = element.makeelement("p", {})
            before.text = CUT
            element.addprevious(before)
            return


def _set_apart(tree: Any) -> None:
    """A blank line above what programs mark as "X wrote:", so that no line above is taken for a part of it."""
    for element in list(tree.iter("div")):
        if _ATTRIBUTION_CLASSES & set((element.get("class") or "").lower().split()):
            before = element.makeelement("p", {})
            before.text = "\xa0"
            element.addprevious(before)


def _number_lists(tree: Any) -> None:
    for element in tree.iter("ul", "ol"):
        ordered = element.tag == "ol"
        for n, item in enumerate((child for child in element if child.tag == "li"), 1):
            item.text = f"{n}. {(item.text or '').lstrip()}" if ordered else f"- {(item.text or '').lstrip()}"
            item.tag = "div"
        element.tag = "div"


def _take_quotes(tree: Any) -> list[tuple[str, str]]:
    """Replace quoted parts by marks; the prefix of each one's lines, and its text."""
    taken: list[tuple[str, str]] = []
    for element in list(tree.iter("blockquote", "div")):
        prefix = _quote_prefix(element)
        if prefix is not None and len(taken) < _MOST and _attached(element, tree):
            _take(element, prefix, taken)
    return taken


def _take(element: Any, prefix: str, taken: list[tuple[str, str]]) -> None:
    tail, element.tail = element.tail, None
    taken.append((prefix, _render(element)))
    mark = element.makeelement("p", {})
    mark.text = _MARK.format(len(taken) - 1)
    mark.tail = tail
    element.getparent().replace(element, mark)


def _attached(element: Any, tree: Any) -> bool:
    """Whether an element still stands in the document, not within a quote that was taken out."""
    top = element
    while (parent := top.getparent()) is not None:
        top = parent
    return top is tree or top is tree.getroottree().getroot()


def _quote_prefix(element: Any) -> str | None:
    classes = set((element.get("class") or "").lower().split())
    if element.tag == "div":
        return "> " if "yahoo_quoted" in classes else None
    style = (element.get("style") or "").lower()
    if (
        (element.get("type") or "").lower() == "cite"
        or element.get("cite")
        or classes & _QUOTE_CLASSES
        or "border-left" in style
    ):
        return "> "
    return MAYBE


def _take_signatures(tree: Any, taken: list[tuple[str, str]]) -> None:
    """The same for what the program marked as signature, unless it is all there is or too long to be one."""
    left = len(_MARKED.sub("", tree.text_content()).strip())
    for element in list(tree.iter("div", "table", "span", "td", "p", "pre", "section")):
        names = set((element.get("class") or "").lower().split()) | {(element.get("id") or "").lower()}
        if not names & _SIGNATURE_CLASSES or element.getparent() is None:
            continue
        if len(taken) >= _MOST:
            return
        text = element.text_content()
        if len(text) > _SIGNATURE_CHARACTERS or text.strip().count("\n") > 4 * _SIGNATURE_LINES or "\ue002" in text:
            continue
        if left > len(text.strip()) and _attached(element, tree):
            _take(_within(element) if element.tag == "td" else element, SIGNED, taken)
            left -= len(text.strip())


def _within(cell: Any) -> Any:
    """What stands in a cell, as one element; the cell stays in its row."""
    inner = cell.makeelement("div", {})
    inner.text, cell.text = cell.text, None
    inner.extend(list(cell))
    cell.append(inner)
    return inner


def _put_back(text: str, taken: list[tuple[str, str]]) -> str:
    def lines_of(match: re.Match[str]) -> str:
        prefix, part = taken[int(match[1])]
        return "\n" + "\n".join(prefix + line for line in _tidy(part).split("\n")) + "\n"

    return _MARKED.sub(lines_of, text) if taken else text


def _tidy(text: str) -> str:
    """Lines without indentation, at most one blank line in a row."""
    text = _INVISIBLE.sub("", text.replace("\xa0", " "))
    lines = [line.strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
