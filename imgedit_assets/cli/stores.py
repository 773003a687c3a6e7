"""The store that a command reads."""

from typing import TYPE_CHECKING

from models.faults import ImgEditError

if TYPE_CHECKING:
    from resources.store import Store


def existing_store() -> "Store | None":
    """The home's store; None where nothing has been made, so that looking creates nothing."""
    from resources.home import Home
    from resources.signals import wake_on_interrupt
    from resources.store import Store

    wake_on_interrupt()
    home = Home.of()
    return Store(home) if home.has_tables else None


def store_with_rows() -> "Store":
    """The home's store.

    Raises:
        ImgEditError: Nothing has been made yet.
    """
    store = existing_store()
    if store is None:
        from resources.home import Home

        msg = f"nothing has been made under {Home.of().uri} yet: start with `imgedit run`"
        raise ImgEditError(msg)
    return store
