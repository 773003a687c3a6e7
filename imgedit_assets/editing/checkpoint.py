"""A trained editor: made in two stages from pairs by a variant's recipe, and named by both."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgedit_assets.artefacts.checkpoint import Training
from imgedit_assets.dataset.release_plan import RELEASE
from imgedit_assets.editing.choosing import Chosen, choose
from imgedit_assets.editing.pairs import StoredPairs
from imgedit_assets.sample.descent import holdings
from models.faults import ImgEditError
from resources.factory import Factory
from resources.recipes import digest
from resources.releases.latest import latest_of
from resources.store import Store

CONNECTOR = "connector"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """Both trainings of a variant."""

    connector: Training
    editor: Training

    @property
    def are_current(self) -> bool:
        """Whether training now would give what is there."""
        return self.connector.is_current and self.editor.is_current


def _silent(line: str) -> None:
    del line


def editor_stages(
    factory: Factory, variant: str, *, tell: Callable[[str], None] = _silent
) -> Stages:
    """The trainings of a variant of [editors]; nothing is loaded.

    Args:
        factory: Store and profile.
        variant: Its name.
        tell: Is told how a training goes.

    Raises:
        MissingPackageError: What it is trained with is not installed.
        ImgEditError: The variant cannot be made, or has no pair to learn from.
    """
    learner, chosen = factory.editor_learner(variant), choose(factory, variant)
    section = factory.profile.editors[variant]
    pairs = StoredPairs(factory.store, chosen.shown)
    content = digest("pairs", *sorted(chosen.rows["id"]))
    shared: dict[str, Any] = {
        "home": factory.home,
        "variant": variant,
        "learner": learner,
        "data": section.data_recipe,
        "row_ids": chosen.row_ids,
        "facts": {
            "given": {"kind": section.kind, **section.params},
            **chosen.facts,
            "release": release_of(factory.store, chosen),
        },
    }

    def told() -> StoredPairs:
        for line in chosen.notes:
            tell(line)
        return pairs

    connector = Training(
        **shared,
        kind=CONNECTOR,
        shelf=factory.home.connectors,
        content=(content,),
        learn=lambda folder: learner.connect(told(), folder, tell=tell),
    )
    editor = Training(
        **shared,
        shelf=factory.home.editors,
        content=(content, connector.version),
        parent_ids=(connector.collection_id,),
        learn=lambda folder: learner.learn(told(), _made(connector), folder, tell=tell),
    )
    return Stages(connector=connector, editor=editor)


def current_editor(factory: Factory, variant: str) -> Path | None:
    """The checkpoint of a variant that was trained last; None before the first."""
    return latest_of(factory.home.editors / variant)


def release_of(store: Store, chosen: Chosen) -> str:
    """The last release that holds all of some pairs; empty where none does."""
    found = [
        held.name
        for held in holdings(store, chosen.row_ids)
        if held.kind == RELEASE and held.rows == len(chosen.row_ids)
    ]
    return found[-1] if found else ""


def _made(connector: Training) -> Path:
    if connector.is_current:
        return connector.folder
    msg = (
        f"the first stage of {connector.variant} is not trained on the pairs that there are now: "
        f"materialise e1_connector_checkpoint of {connector.variant} first"
    )
    raise ImgEditError(msg)
