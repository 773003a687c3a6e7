"""Where everything is kept, and which profile is used: said by the environment, read here alone."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from resources.profile import DEFAULT_PROFILE

HOME_VARIABLE = "IMGEDIT_HOME"
PROFILE_VARIABLE = "IMGEDIT_PROFILE"

PAGES_VARIABLE = "IMGEDIT_PAGES_URL"
PAGES_URL = "http://127.0.0.1:3001"
"""Where `imgedit view` is to be found, unless the environment says otherwise."""

FOLDER = ".imgedit"
"""In the current folder, where the environment names no home."""


@dataclass(frozen=True, slots=True)
class Home:
    """One place for tables, releases, locks and Dagster's storage."""

    uri: str
    """A folder, absolute; or an object store, which then holds the tables."""
    folder: Path
    """The local folder for all but the tables; of an object store, `.imgedit` of the process."""

    @classmethod
    def of(cls, where: str | Path | None = None) -> Self:
        """The home of a folder or URI; by default the one that the environment names."""
        where = str(where or os.environ.get(HOME_VARIABLE) or FOLDER)
        if "://" in where:
            return cls(where.rstrip("/"), Path(FOLDER).resolve())
        folder = Path(where).resolve()
        return cls(str(folder), folder)

    @property
    def is_local(self) -> bool:
        """Whether the tables are files of this machine."""
        return "://" not in self.uri

    @property
    def tables(self) -> str:
        """The folder, or URI, of the tables."""
        return f"{self.uri}/tables" if not self.is_local else str(self.folder / "tables")

    def address(self, folder: Path) -> str:
        """What all who share the home call a folder: of one on an object store, its URI."""
        if self.is_local or not folder.is_relative_to(self.folder):
            return str(folder.resolve())
        return f"{self.uri}/{folder.relative_to(self.folder).as_posix()}"

    def here(self, address: str) -> str:
        """The folder of this machine that an address under the home means; any other as it is."""
        inside = address.removeprefix(f"{self.uri}/")
        return address if self.is_local or inside == address else str(self.folder / inside)

    @property
    def has_tables(self) -> bool:
        """Whether anything was made; taken for granted of an object store."""
        return not self.is_local or Path(self.tables).is_dir()

    @property
    def locks(self) -> Path:
        """Locks that processes of this machine hold."""
        return self.folder / "locks"

    @property
    def ledger(self) -> Path:
        """What chat models have answered, and what it cost."""
        return self.folder / "ledger"

    @property
    def paid(self) -> Path:
        """Pictures that services were paid for, by editor, until rows hold them."""
        return self.folder / "benchmark" / "paid"

    @property
    def dagster(self) -> Path:
        """Dagster's own storage."""
        return self.folder / "dagster"

    @property
    def releases(self) -> Path:
        """The releases that the graph writes."""
        return self.folder / "releases"

    @property
    def judges(self) -> Path:
        """The judges that the graph trains: a folder of checkpoints for each variant."""
        return self.folder / "judges"

    @property
    def editors(self) -> Path:
        """The editors that the graph trains, likewise."""
        return self.folder / "editors"

    @property
    def connectors(self) -> Path:
        """What their first stage leaves, likewise."""
        return self.folder / "connectors"

    @property
    def features(self) -> Path:
        """What frozen encoders say of pairs, for the trainings of all editors."""
        return self.folder / "training" / "features"


def profile_name() -> str:
    """The profile that the environment names, or `embedded`."""
    return os.environ.get(PROFILE_VARIABLE) or DEFAULT_PROFILE


def pages_url() -> str:
    """Where the pages of a home are, for links to them; without a slash at its end."""
    return (os.environ.get(PAGES_VARIABLE) or PAGES_URL).rstrip("/")
