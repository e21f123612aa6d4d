"""Files that came with a mail: their bytes as they were sent, a clean name, and why a file must not be opened lightly.

Never raises. Names are for showing only; files are stored by their content. What a file is, is told by its first bytes
and not by what the sender says; nothing is unpacked.
"""

from __future__ import annotations

import re
import unicodedata

from channels.mail.headers import decode_field
from channels.mail.tree import Part
from channels.report import Attachment

NAME_LIMIT = 120
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
_EXTENSIONS = {
    "image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp", "image/heic": ".heic",
    "application/pdf": ".pdf", "text/calendar": ".ics", "application/ms-tnef": ".dat", "text/plain": ".txt",
    "application/pgp-signature": ".asc", "application/pkcs7-signature": ".p7s", "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-signature": ".p7s", "application/x-pkcs7-mime": ".p7m", "message/rfc822": ".eml",
    "text/html": ".html", "text/csv": ".csv", "application/zip": ".zip", "video/mp4": ".mp4", "audio/mpeg": ".mp3",
    "video/quicktime": ".mov", "text/vcard": ".vcf", "text/x-vcard": ".vcf",
}  # fmt: skip
_STEMS = {
    "text/calendar": "invite", "application/ms-tnef": "winmail", "message/rfc822": "message",
    "application/pgp-signature": "signature", "application/pkcs7-signature": "smime", "application/pkcs7-mime": "smime",
    "application/x-pkcs7-signature": "smime", "application/x-pkcs7-mime": "smime", "image": "image",
    "application/pgp-encrypted": "pgp",
}  # fmt: skip
_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"MZ", "application/x-msdownload"),
    (b"\x7fELF", "application/x-executable"),
    (b"#!", "text/x-script"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\xca\xfe\xba\xbe", "application/java-vm"),
    (b"SIMPLE  =", "application/fits"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
)
_PROGRAMS = frozenset(
    {
        "exe", "com", "scr", "pif", "bat", "cmd", "ps1", "psm1", "vbs", "vbe", "js", "jse", "wsf", "wsh", "hta", "msi",
        "msp", "cpl", "jar", "lnk", "reg", "dll", "sys", "apk", "app", "dmg", "iso", "img", "vhd", "vhdx", "sh",
        "bash", "py", "pl", "php", "phtml", "phar", "asp", "aspx", "jsp", "cgi", "htaccess", "htpasswd", "url", "scf",
        "inf", "gadget", "chm", "one", "appx", "msix", "deb", "rpm", "ade", "adp", "appimage", "application",
        "appref-ms", "appxbundle", "bas", "command", "csh", "desktop", "diagcab", "diagcfg", "diagpkg", "hlp", "htc",
        "ins", "isp", "jnlp", "ksh", "library-ms", "mda", "mde", "mdw", "mjs", "mpkg", "msc", "msh", "msixbundle",
        "mst", "msu", "osd", "pkg", "ps1xml", "ps2", "psc1", "psd1", "pyc", "pyw", "pyz", "pyzw", "rdp", "run", "sct",
        "search-ms", "searchconnector-ms", "settingcontent-ms", "shb", "shs", "theme", "vb", "vbp", "vxd", "webpnp",
        "website", "workflow", "ws", "wsc", "xbap", "xll", "xnk",
    }
)  # fmt: skip
_MARKUP = frozenset({"html", "htm", "xhtml", "shtml", "svg", "svgz", "xml", "xsl", "mht", "mhtml", "swf"})
_MACROS = frozenset({"docm", "dotm", "xlsm", "xltm", "xlam", "xlsb", "pptm", "potm", "ppsm", "ppam"})
_QUERIES = frozenset({"iqy", "dqy", "oqy", "rqy", "slk"})  # sheets that fetch or run what they name
_LOCKED = re.compile(  # an entry of an archive, or of its list, that says that it is encrypted
    rb"PK(?:\x03\x04..|\x01\x02....)[" + re.escape(bytes(range(1, 256, 2))) + rb"]", re.DOTALL
)
_EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def attachment_of(part: Part) -> Attachment:
    """One part as a file."""
    data = part.content
    kind = sniffed(data) or part.kind
    name = _name_of(part, kind if part.kind.startswith("text/") else part.kind)
    return Attachment(name=name, media_type=kind, content=data, inline=_is_inline(part), quarantined=danger(name, data))


def clean_name(given: str, fallback: str = "file") -> str:
    """A file name without folders, controls, invisible characters or reserved words, at most 120 characters."""
    text = unicodedata.normalize("NFC", given)
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text if not _hidden(c))
    text = re.split(r"[\\/\u2044\u2215\uff0f\uff3c]", text)[-1]
    text = re.sub(r'[<>:"|?*\s]+', " ", text).strip(" .")
    if not text:
        return fallback
    if _RESERVED.match(text):
        text = f"_{text}"
    if len(text) > NAME_LIMIT:
        stem, dot, extension = text.rpartition(".")
        text = (
            f"{stem[: NAME_LIMIT - 1 - len(extension)]}.{extension}"
            if dot and len(extension) <= 10
            else text[:NAME_LIMIT]
        )
    return text


def danger(name: str, data: bytes) -> str | None:
    """Why a file must not be opened without a second thought; None when nothing speaks against it."""
    extensions = name.lower().split(".")[1:] or [name.lower()]
    kind = sniffed(data)
    if _EICAR in data[:200]:
        return "antivirus test file"
    if extensions[-1] in _PROGRAMS or kind in (
        "application/x-msdownload",
        "application/x-executable",
        "text/x-script",
        "application/x-ms-shortcut",
    ):
        return "program"
    if (
        extensions[-1] in _MACROS | _QUERIES
        or (kind == "application/zip" and b"vbaProject.bin" in data)
        or (kind == "application/x-ole-storage" and b"V\x00B\x00A" in data)
    ):
        return "document with macros"
    if kind == "application/zip" and _LOCKED.search(data):
        return "encrypted archive"
    if extensions[-1] in _MARKUP or (
        not kind and re.match(rb"\s*(?:<\?xml|<!doctype|<html|<svg|<script)", data[:400], re.IGNORECASE)
    ):
        return "active content"
    return None


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cf", "Cs", "Co", "Cn") or character == "\u034f"


def _name_of(part: Part, declared: str) -> str:
    fallback = _STEMS.get(declared) or _STEMS.get(declared.partition("/")[0], "file")
    fallback += _EXTENSIONS.get(declared, "")
    if part.filename:
        return clean_name(decode_field(part.filename), fallback)
    if declared == "message/rfc822" and part.children:
        title = part.children[0].fields.text("subject") or ""
        return clean_name(title.replace("/", "-").replace("\\", "-"), "message") + ".eml"
    return fallback


def _is_inline(part: Part) -> bool:
    return part.disposition == "inline" or (not part.disposition and "content-id" in part.fields)


def sniffed(data: bytes) -> str | None:
    """The media type that a file's first bytes show."""
    head = data[:32]
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc"):
        return "image/heic"
    return None
