"""Pages as files: for a project's site, or to look at without a server.

Pages are asked of the application itself, and their links are made relative: to files where the
page is written as well, else to nothing.
"""

import posixpath
import re
from collections import deque
from collections.abc import Callable
from html import escape, unescape
from pathlib import Path
from urllib.parse import urlsplit

from imgedit_assets.pages.app import make_app
from imgedit_assets.pages.desk import Desk
from models.faults import ImgEditError
from resources.site.web import Answered, asker
from resources.webplaces import Places

TELL_EVERY = 100

STARTS = ("/gallery", "/leaderboard", "/dataset")
"""Pages that are written whatever else is."""

PAGES = re.compile(r"/(gallery|leaderboard|leaderboard/compare|dataset|sample/[0-9a-f]+)")
FILES = re.compile(r"/(static|thumb|image|mask|picture)/.+|/leaderboard/.+\.svg|/dataset/.+\.png")

_LINK = re.compile(r'(<a |<img |<image |<link |<script )([^>]*?)\b(href|src)="([^"]*)"')
_DATA = re.compile(r'data-(before|after|mask)="([^"]+)"')
_LIVE = re.compile(
    r"<form.*?</form>|<details class=\"whatif\".*?</details>"
    r"|<button[^>]*data-key=\"[qu]\".*?</button>",
    re.DOTALL,
)
"""What only a server answers."""


class ExportError(ImgEditError):
    """Pages cannot be written there."""


def export(desk: Desk, folder: Path, *, start: str, pages: int, tell: Callable[[str], None]) -> int:
    """Write pages and all that they show.

    Args:
        desk: What they are of.
        folder: Where to; new or empty.
        start: The gallery's query: which pairs.
        pages: The most pages that are written, in the order in which they are linked.
        tell: Gets a line for every hundred files.

    Returns:
        How many files were written.

    Raises:
        ExportError: The folder holds something.
    """
    if folder.exists() and any(folder.iterdir()):
        msg = f"{folder} holds something: name a new folder, or empty it"
        raise ExportError(msg)
    desk.dagster = ""
    app = make_app(desk, Places.of("127.0.0.1", 80))
    desk.nav = {title: to for title, to in desk.nav.items() if to in STARTS}
    first = f"{STARTS[0]}?{start}" if start else STARTS[0]
    made = _Writer(ask=asker(app), folder=folder, pages=pages, tell=tell)
    return made.write([first, *STARTS[1:]])


class _Writer:
    """Writes what is linked, each address once."""

    def __init__(
        self,
        *,
        ask: Callable[[str], Answered],
        folder: Path,
        pages: int,
        tell: Callable[[str], None],
    ) -> None:
        self._ask, self._folder, self._left, self._tell = ask, folder, pages, tell
        self._written = 0
        self._names: dict[str, str] = {}
        self._ahead: deque[str] = deque()

    def write(self, starts: list[str]) -> int:
        """Write some pages, and what is linked from them."""
        first, *_ = [self._named(address) for address in starts]
        # What every page calls the gallery is the one that was asked for.
        self._names[STARTS[0]] = first
        while self._ahead:
            address = self._ahead.popleft()
            answer = self._ask(address)
            if answer.status == 200:
                self._keep(self._names[address], answer)
        to_first = f'<!doctype html><meta http-equiv="refresh" content="0; url={first}">'
        (self._folder / "index.html").write_text(to_first, "utf-8")
        return self._written + 1

    def _keep(self, name: str, answer: Answered) -> None:
        data = answer.body
        if answer.kind == "text/html":
            data = self._linked(data.decode("utf-8"), name).encode("utf-8")
        file = self._folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        self._written += 1
        if self._written % TELL_EVERY == 0:
            self._tell(f"{self._written:,} files written")

    def _linked(self, page: str, name: str) -> str:
        """A page whose links lead to files."""

        def link(found: re.Match[str]) -> str:
            tag, between, attribute, address = found.groups()
            to = self._named(unescape(address))
            said = f'{attribute}="{self._from(name, to)}"' if to else ""
            return f"{tag}{between}{said}"

        def data(found: re.Match[str]) -> str:
            to = self._named(unescape(found[2]))
            return f'data-{found[1]}="{self._from(name, to)}"'

        return _DATA.sub(data, _LINK.sub(link, _LIVE.sub("", page)))

    def _from(self, name: str, to: str) -> str:
        return escape(posixpath.relpath(to, posixpath.dirname(name) or "."), quote=True)

    def _named(self, address: str) -> str:
        """The file of an address, which is written once; empty for what is not."""
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            return ""
        if parts.path.startswith("/sample/"):
            address = parts.path  # the way to it is no other page
        if address not in self._names:
            if not (name := self._new_name(address, parts.path)):
                return ""
            self._names[address] = name
            self._ahead.append(address)
        return self._names[address]

    def _new_name(self, address: str, path: str) -> str:
        name = path.strip("/")
        if PAGES.fullmatch(path):
            if not self._left:
                return ""
            self._left -= 1
            same = sum(urlsplit(known).path == path for known in self._names)
            return f"{name}{f'-{same + 1}' if same else ''}.html"
        if not FILES.fullmatch(path):
            return ""
        kind = name.partition("/")[0]
        return name + {"thumb": ".jpg", "picture": ".jpg", "image": ".png", "mask": ".png"}.get(
            kind, ""
        )
