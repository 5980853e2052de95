"""The few texts of an XMP packet that tools write parameters into.

It is searched as text and never handed to an XML reader: there are no entities to expand and no tree to build.
Source: ISO 16684-1, 7.
"""

from __future__ import annotations

import html

from .limits import Texts

_KEYS = {
    "exif:UserComment": "XMP UserComment",
    "dc:description": "XMP description",
    "xmp:CreatorTool": "XMP CreatorTool",
    "tiff:Software": "Software",
    "photoshop:Instructions": "XMP Instructions",
}


def read_xmp(packet: str, texts: Texts) -> None:
    """Add a packet's known texts; one with none of them is kept as it is."""
    found = 0
    for key, name in _KEYS.items():
        text = _element(packet, key)
        text = _attribute(packet, key) if text is None else text
        if text and text.strip():
            texts.add(name, html.unescape(text).strip())
            found += 1
    if not found and packet.strip():
        texts.add("XMP", packet)


def _element(packet: str, key: str) -> str | None:
    start = packet.find(f"<{key}>")
    end = packet.find(f"</{key}>", start)
    if start < 0 or end < 0:
        return None
    inside = packet[start + len(key) + 2 : end]
    item = inside.find("<rdf:li")
    if item >= 0:
        begins, ends = inside.find(">", item) + 1, inside.find("</rdf:li>", item)
        return inside[begins:ends] if 0 < begins <= ends else None
    return inside


def _attribute(packet: str, key: str) -> str | None:
    for quote in ('"', "'"):
        start = packet.find(f"{key}={quote}")
        if start >= 0:
            start += len(key) + 2
            end = packet.find(quote, start)
            return packet[start:end] if end >= 0 else None
    return None
