"""What a browser would make of a page, and texts that try to become markup in it."""

from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

from hypothesis import strategies as st

BLOCKS = {"h1", "h2", "h3", "p", "li", "th", "td", "tr", "pre", "div"}
VOID = {"meta", "link", "img", "wbr", "br"}
# What ends a text, an attribute, a script, a style, a comment or an expression of Jinja.
MARKUP = [
    *("<script>alert(1)</script>", "</title><img src=x onerror=alert(1)>", '" onclick="alert(1)'),
    *("' x='", "&lt;", "&", "<!--", "-->", "]]>", "{{ 7 * 7 }}", "{% raw %}", "{#", "</style>"),
    *("</svg>", "\x00", "\u202e", "\r\n", "שלום 🐧", "a_b.c/d", "<wbr>"),
]
hostile = st.lists(st.sampled_from(MARKUP) | st.text(max_size=8), min_size=1, max_size=4)
payloads = hostile.map("".join).map(lambda text: f"x{text}")


class ParsedPage(HTMLParser):
    """The elements of a page, the text in them, and what is left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.raw: list[str] = []  # styles and scripts
        self.comments: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in BLOCKS:
            self.texts.append(" ")

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.elements.append((tag, dict(attrs)))  # of SVG: <path/>

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        is_text = self.open and self.open[-1] not in ("style", "script")
        (self.texts if is_text else self.raw).append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def skeleton(self) -> Counter:
        """Count the elements with the names of their attributes.

        The length of a text decides where it may break and whether its cell gets some width.
        """
        return Counter(
            (tag, tuple(sorted({*attributes} - {"class"})))
            for tag, attributes in self.elements
            if tag != "wbr"
        )


def parsed_page(path: Path) -> ParsedPage:
    return ParsedPage(path.read_text(encoding="utf-8"))
