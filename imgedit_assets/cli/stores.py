"""The store that a command reads."""

from pathlib import Path
from typing import TYPE_CHECKING

from models.faults import ImgEditError

if TYPE_CHECKING:
    from resources.store import Store


def existing_store() -> "Store | None":
    """The home's store; None where nothing has been made, so that looking creates nothing."""
    from resources.factory import home, table_uri
    from resources.store import Store

    uri = table_uri(home())
    return Store(uri) if "://" in uri or Path(uri).is_dir() else None


def store_with_rows() -> "Store":
    """The home's store.

    Raises:
        ImgEditError: Nothing has been made yet.
    """
    store = existing_store()
    if store is None:
        from resources.factory import home

        msg = f"nothing has been made under {home()} yet: start with `imgedit run`"
        raise ImgEditError(msg)
    return store
