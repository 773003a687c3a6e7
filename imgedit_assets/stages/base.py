"""What every stage of an asset is: its rows, what they come from, and how one unit is done."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from models.faults import Fault
from models.geometry import Rgb
from resources.engine.stage import Finished, Output, Work
from resources.factory import Factory
from resources.profile import Accept
from resources.recipes import Recipe
from resources.schema import Partition, Row

if TYPE_CHECKING:
    import polars as pl

P = TypeVar("P")
Item = TypeVar("Item")
Result = TypeVar("Result")
R = TypeVar("R", bound=Row)

PICTURE_PX = 200
"""Long side of a picture on a contact sheet, before it is fitted into its tile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One tile of a contact sheet: images side by side over a line of text."""

    images: tuple[Rgb, ...]
    text: str
    id: str = ""
    """Of the row, for `imgedit lineage`; of a dialogue, that of its first turn."""


class AssetStage(ABC, Generic[P, Item, Result]):
    """One asset on one partition.

    Args:
        factory: Store, profile and backends.
        run_id: The Dagster run that does the work.
        keys: The partition: its key on each axis of the record.
    """

    record: ClassVar[type[Row]]
    """The rows it makes; their table is the asset."""
    alone: ClassVar[bool] = False
    """Whether its partitions are made one at a time, whoever makes them: each looks at the rows of
    the others."""
    shows_worst: ClassVar[bool] = False
    """Whether its sheet shows the worst rows alone, not some from the worst to the best."""
    items: ClassVar[str] = ""
    """The kind of registered items that its work is made of, where it is."""
    hears: ClassVar[bool] = False
    """Whether its work rests on what people say of rows: quarantines and reviews."""
    batch_size: int = 8
    readers: int = 0
    """Threads that prepare units, where it wants more of them than the engine has."""
    role: ClassVar[str] = ""
    """The role that does the work: a backend that states a larger batch gets it."""

    def __init__(self, factory: Factory, *, run_id: str = "", **keys: str) -> None:
        self.factory, self.store, self.profile = factory, factory.store, factory.profile
        self.partition = Partition.of(self.record, **keys)
        self.run_id = run_id

    def current(self, record: type[R]) -> list[R]:
        """The rows of another asset at the same place: its partition of the same keys."""
        return self.store.current(record, **self.partition.keys)

    @cached_property
    def recipe(self) -> Recipe:
        """How the rows are made."""
        return self.make_recipe()

    def make_recipe(self) -> Recipe:
        """The recipe; stages with a backend, parameters or thresholds say so here.

        It is the same for every shard.
        """
        return Recipe(stage=self.record.TABLE, version=self.record.VERSION)

    @abstractmethod
    def work(self) -> list[Work[P]]:
        """Every unit that belongs to the partition now, done or not, in a stable order."""

    def setup(self) -> None:
        """Load what `process` needs, and size the batches."""
        self.size_batches()

    def size_batches(self) -> None:
        """Take as many units at once as the role's backend wants; nothing is loaded."""
        if self.role and self.factory.binds(self.role):
            backend = self.factory.backend(self.role, ready=False)
            self.batch_size = max(self.batch_size, getattr(backend, "batch_size", 0))

    def pixels(self, work: Work[P]) -> int:
        """The pixels that a unit holds while it is in work; 0 for stages that hold no picture."""
        del work
        return 0

    @abstractmethod
    def prepare(self, work: Work[P]) -> Item:
        """Read and decode what one unit needs."""

    @abstractmethod
    def process(self, batch: Sequence[tuple[Work[P], Item]]) -> Sequence[Result | Fault]:
        """Compute a batch."""

    @abstractmethod
    def finish(self, work: Work[P], result: Result) -> Output:
        """Turn one unit's result into rows and versions."""

    def settle(self, finished: Finished[P]) -> Finished[P]:
        """Decide what depends on earlier units; called in order, in one thread."""
        return finished

    def conclude(self) -> None:
        """Note what stands beside the rows; called once all units are done, before they count."""

    def pictures(self, rows: Sequence[Any]) -> list[Picture]:
        """Tiles for a contact sheet of some rows; none where there is nothing to see."""
        del rows
        return []

    def shown(self, version_id: str) -> Rgb:
        """A version, small enough for a contact sheet."""
        return self.factory.thumbnail(version_id, PICTURE_PX)

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Headline figures of any rows of this asset: of a partition, or of all."""
        return {"rows": frame.height}

    @classmethod
    def figures_at(cls, frame: "pl.DataFrame", accept: Accept) -> dict[str, float]:
        """`figures`, and those that the profile's thresholds of acceptance decide.

        What decides stands among them under its name in the profile: a partition whose figures
        name another value than the profile gets them anew, and nothing else.
        """
        del accept
        return cls.figures(frame)

    def backend_recipe(self, role: str, **more: Any) -> Recipe:  # noqa: ANN401 - goes to JSON
        """A recipe of one backend: its name, version and parameters; `gate` and `params` beside."""
        backend = self.factory.backend(role, ready=False)
        params = {"backend": dict(backend.params()), **more.pop("params", {})}
        return Recipe(
            stage=self.record.TABLE,
            version=self.record.VERSION,
            backend=f"{backend.name} {backend.version}",
            params=params,
            **more,
        )

    def optional_backend(self, role: str) -> dict[str, object]:
        """What a recipe says of a role that a profile may leave unbound."""
        if not self.factory.binds(role):
            return {}
        backend = self.factory.backend(role, ready=False)
        return {role: [backend.name, backend.version, dict(backend.params())]}

    def unit(
        self,
        parents: Sequence[str],
        payload: P,
        *,
        subject: str,
        ordinal: int = 0,
        stamp: str = "",
    ) -> Work[P]:
        """One unit of work of this stage."""
        return Work(
            parents=tuple(parents),
            recipe=self.recipe,
            payload=payload,
            subject=subject,
            ordinal=ordinal,
            stamp=stamp,
        )

    def row(
        self,
        record: type[R],
        work: Work[Any],
        *key: str,
        parents: Sequence[str] | None = None,
        **columns: Any,  # noqa: ANN401 - the record's own columns
    ) -> R:
        """A row of a unit; `key` tells apart several rows of one unit."""
        place: dict[str, Any] = {**self.partition.keys}
        return record(
            id=work.row_id(*key),
            parent_ids=tuple(work.parents if parents is None else parents),
            recipe_id=self.recipe.content_id,
            run_id=self.run_id,
            **place,
            **columns,
        )


def shared_columns(record: type[R], row: R) -> dict[str, Any]:
    """What a row says in the columns that a record above its own adds to a `Row`."""
    own = {*(column.name for column in fields(Row)), *record.AXES}
    return {c.name: getattr(row, c.name) for c in fields(record) if c.name not in own}
