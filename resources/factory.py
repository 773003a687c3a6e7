"""What one run works with: store, profile, edit types, engine, and backends that stay warm."""

import os
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar, cast, overload

from models.chat.chat_model import ChatModel
from models.edit.editor import Editor
from models.edit_types.registry import EditTypes
from models.edit_types.spec import EditType
from models.faults import ImgEditError
from models.geometry import Rgb
from models.hosting import Loaded, ModelSpec
from models.images import thumbnail
from resources.backends import check_roles, make_backend, make_chat, role_uses_host, uses_host
from resources.building import Builder
from resources.checkpoints import Checkpoints
from resources.devices.devices import Device, processor, visible_devices
from resources.devices.journal import Journal
from resources.devices.lease import Leases
from resources.devices.pool import ModelPool
from resources.devices.quiet import hush
from resources.edit_types import find_types
from resources.engine.engine import Engine
from resources.engine.local import LocalEngine, pixels_that_fit
from resources.home import Home, profile_name
from resources.own_code import code_hash
from resources.profile import Profile, load_profile
from resources.profile_variants import variant_names
from resources.recipes import digest
from resources.roles import (
    AestheticScorer,
    Backend,
    Describer,
    Detector,
    DialogueWriter,
    Embedder,
    InstructionWriter,
    Judge,
    Painter,
    SafetyFilter,
    Segmenter,
)
from resources.signals import wake_on_interrupt
from resources.store import Store

if TYPE_CHECKING:
    from models.e1.learner import EditorLearner
    from models.judge.learner import Learner
    from resources.sources.fetch import Fetcher


class Closing(Protocol):
    """What ends what it started, once it is no longer needed."""

    def close(self) -> None:
        """End it."""


Held = TypeVar("Held", bound=Closing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a partition is."""

    asset: str
    partition: str = ""
    """Its key; empty for what has none."""
    total: int = 0
    advanced: int = 0
    """Units finished since the last report."""
    said: str = ""
    """How work goes that is no units: a training."""

    def at(self, *, total: int, advanced: int = 0) -> "Progress":
        """The same partition, at another point."""
        return replace(self, total=total, advanced=advanced)


def _unheard(progress: Progress) -> None:
    """The listener of a run that nobody watches."""
    del progress


@dataclass(kw_only=True)
class Factory:
    """Made once for each run; backends are set up on first use and kept until it ends.

    It is the `Host` of the backends' models: they are loaded on first use, kept warm between
    batches and partitions, and freed by `close`.
    """

    store: Store
    profile: Profile
    on_progress: Callable[[Progress], None] = _unheard
    journal: Journal = field(default_factory=Journal)
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set where partitions in work are to end after their next batch."""
    given: tuple[Device, ...] = ()
    """The devices that a cluster has given this process; else the run takes them for itself."""
    _backends: dict[str, Backend] = field(default_factory=dict)
    _chats: dict[str, ChatModel] = field(default_factory=dict)
    _ready: set[str] = field(default_factory=set)
    _held: dict[str, tuple[str, Closing]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _opening: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls, home: Home | None = None, profile: str | None = None) -> "Factory":
        """Open a store and a profile, by default those that the environment names."""
        return cls.of(home or Home.of(), load_profile(profile or profile_name()))

    @classmethod
    def of(cls, home: Home, profile: Profile, *, given: tuple[Device, ...] = ()) -> "Factory":
        """Open a store with a profile that is read; what was made elsewhere is fetched."""
        check_roles(profile)
        if not home.is_local:
            from resources.object_store import fetch_latest, fetch_reports

            editors, judges = variant_names(profile.editors), variant_names(profile.judges)
            fetched = [home.judges / name for name in judges]
            fetched += [s / name for s in (home.editors, home.connectors) for name in editors]
            for shelf in fetched:
                fetch_latest(home, shelf)
            fetch_reports(home)
        return cls(store=Store(home), profile=profile, given=given)

    def __post_init__(self) -> None:
        """Every command and every run worker comes through here before it loads a model library."""
        hush(self.home.folder)
        wake_on_interrupt()

    @cached_property
    def edit_types(self) -> Mapping[str, EditType]:
        """Every sound edit type, by name."""
        return self._found.types

    @cached_property
    def made_types(self) -> tuple[str, ...]:
        """The names of those that the profile makes: every one, unless it lists some."""
        return self._found.chosen(self.profile.edits.types)

    @cached_property
    def settings_hash(self) -> str:
        """Changes with the profile, the edit types, and our own code."""
        # Functions are told by their names: where they lie differs from process to process.
        types = re.sub(r" at 0x[0-9a-f]+", "", repr(dict(self.edit_types)))
        return digest(self.profile.model_dump_json(), types, code_hash())

    @property
    def edit_type_problems(self) -> tuple[str, ...]:
        """What is wrong with edit types that were left out, a line each."""
        return self._found.problems

    @cached_property
    def _found(self) -> EditTypes:
        return find_types(self.profile.edits, self.home.folder)

    @cached_property
    def thumbnail(self) -> Callable[[str, int], Rgb]:
        """A version's picture by its id and long side in px.

        The last few hundred are kept: painted, scored and accepted pairs show the same ones.
        """
        return lru_cache(maxsize=512)(lambda v, px: thumbnail(self.store.render(v), px))

    @property
    def home(self) -> Home:
        """Where everything is kept."""
        return self.store.home

    @cached_property
    def engine(self) -> Engine:
        """What stages are run by."""
        if self.profile.engine.kind == "local":
            return self.local_engine
        from resources.engine.ray_engine import RayEngine

        return RayEngine(
            self.profile.engine,
            local=self._local_engine(),
            needs_device=lambda role: role_uses_host(self.profile, role),
            folder=self.home.folder,
            journal=self.journal,
        )

    @property
    def computes_here(self) -> bool:
        """Whether nothing but this machine's processors computes what is made."""
        return self.profile.engine.kind == "local" and not uses_host(self.profile)

    @cached_property
    def local_engine(self) -> LocalEngine:
        """The engine of this process, on the devices that it owns."""
        return self._local_engine(self.devices)

    def _local_engine(self, devices: tuple[Device, ...] = ()) -> LocalEngine:
        engine, cores = self.profile.engine, os.cpu_count() or 1
        memory = processor().total_bytes * min(1.0, (engine.cores or cores) / cores)
        return LocalEngine(
            lanes=engine.lanes * max(1, len(devices)),
            readers=engine.readers,
            writers=engine.writers,
            max_pixels=engine.max_megapixels * 1_000_000 or pixels_that_fit(int(memory)),
            cores=engine.cores,
            on_gpu=any(device.is_gpu for device in devices),
        )

    @cached_property
    def fetcher(self) -> "Fetcher":
        """Downloads for every partition: it knows which hosts do not answer."""
        # Loading the definitions must not pay for an HTTP client.
        from resources.sources.fetch import Fetcher, FetchPolicy

        sources = self.profile.sources
        return Fetcher(
            FetchPolicy(max_bytes=sources.max_bytes, allow_private=sources.allow_private)
        )

    @cached_property
    def devices(self) -> tuple[Device, ...]:
        """The devices that this run owns; none is taken for a profile without models of a host."""
        return self.given or self._leases.take(
            visible_devices() if uses_host(self.profile) else (processor(),),
            most=self.profile.engine.devices,
            tell=self.journal.warn,
        )

    @cached_property
    def pool(self) -> ModelPool:
        """The models that are warm."""
        memory = int(self.profile.engine.memory_gb * 1e9)
        return ModelPool(self.devices, memory_bytes=memory, tell=self.journal.tell)

    def use(self, spec: ModelSpec[Loaded]) -> AbstractContextManager[Loaded]:
        """A loaded model, to oneself, on the device of the calling lane."""
        # Lanes come here at once, and before the first batch there is no pool yet.
        with self._opening:
            pool = self.pool
        return pool.use(spec)

    @cached_property
    def _leases(self) -> Leases:
        return Leases(self.home.locks)

    @cached_property
    def _builder(self) -> Builder:
        self.journal.listen()
        return Builder(
            checkpoints=Checkpoints(home=self.home.folder),
            host=self,
            runtime=self.profile.runtime,
            chat=self.chat,
            more={
                "ledger": self.home.ledger,
                "judges": self.home.judges,
                "features": self.home.features,
            },
        )

    def chat(self, name: str) -> ChatModel:
        """The language model of a section of [chats]; roles that name the same one share it."""
        with self._lock:
            if name not in self._chats:
                self._chats[name] = make_chat(self.profile, name, self._builder)
            return self._chats[name]

    def hold(self, kind: str, key: str, make: Callable[[], Held]) -> Held:
        """Something that stays warm until another of its kind is asked for, or the run ends.

        Args:
            kind: Of which one is held.
            key: Tells whether it is the one that is held already.
            make: Makes it, ready for use.
        """
        with self._lock:
            held_key, held = self._held.get(kind, ("", None))
            if held is None or held_key != key:
                self._let_go(kind)
                held = make()
                self._held[kind] = (key, held)
            return cast("Held", held)

    def _let_go(self, *kinds: str) -> None:
        for kind in kinds:
            if kind in self._held:
                self._held.pop(kind)[1].close()

    def close(self) -> None:
        """Free the models, and let go of the devices. The factory may be used again."""
        if "engine" in vars(self):
            self.engine.close()
        self._let_go(*self._held)
        for chat in self._chats.values():
            if close := getattr(chat, "close", None):
                close()
        self._chats.clear()
        self._backends.clear()
        self._ready.clear()
        if "pool" in vars(self):
            self.pool.close()
            del self.pool
        if "fetcher" in vars(self):
            self.fetcher.close()
            del self.fetcher
        self._leases.give_back()
        vars(self).pop("devices", None)
        vars(self).pop("_builder", None)
        self.journal.stop()

    @overload
    def backend(
        self, role: Literal["aesthetic_scorer"], *, ready: bool = True
    ) -> AestheticScorer: ...
    @overload
    def backend(self, role: Literal["describer"], *, ready: bool = True) -> Describer: ...
    @overload
    def backend(self, role: Literal["detector"], *, ready: bool = True) -> Detector: ...
    @overload
    def backend(self, role: Literal["segmenter"], *, ready: bool = True) -> Segmenter: ...
    @overload
    def backend(self, role: Literal["embedder"], *, ready: bool = True) -> Embedder: ...
    @overload
    def backend(
        self, role: Literal["instruction_writer"], *, ready: bool = True
    ) -> InstructionWriter: ...
    @overload
    def backend(
        self, role: Literal["dialogue_writer"], *, ready: bool = True
    ) -> DialogueWriter: ...
    @overload
    def backend(self, role: Literal["safety_filter"], *, ready: bool = True) -> SafetyFilter: ...
    @overload
    def backend(self, role: Literal["painter"], *, ready: bool = True) -> Painter: ...
    @overload
    def backend(self, role: Literal["judge"], *, ready: bool = True) -> Judge: ...
    @overload
    def backend(self, role: Literal["editor"], *, ready: bool = True) -> Editor: ...
    @overload
    def backend(self, role: str, *, ready: bool = True) -> Backend: ...
    def backend(self, role: str, *, ready: bool = True) -> Backend:
        """The role's backend, set up and warm.

        Args:
            role: The role.
            ready: False for its name, version and parameters alone: nothing is loaded.

        Raises:
            ImgEditError: The profile does not bind the role, or the backend cannot be made.
        """
        with self._lock:
            if role not in self._backends:
                if role not in self.profile.roles:
                    msg = f"profile {self.profile.name} binds no {role}"
                    raise ImgEditError(msg)
                self._backends[role] = make_backend(self.profile, role, self._builder)
            backend = self._backends[role]
            if ready and role not in self._ready:
                backend.setup()
                self._ready.add(role)
            return backend

    def renew(self, role: str) -> None:
        """Have a role's backend made anew when it is asked for: what it is made of has changed."""
        with self._lock:
            self._backends.pop(role, None)
            self._ready.discard(role)

    def learner(self, variant: str) -> "Learner":
        """What trains a judge variant of the profile; nothing is loaded.

        Raises:
            ImgEditError: There is no such variant, or it cannot be made.
        """
        from resources.learners import make_learner

        learner: Learner = make_learner(self.profile, "judges", variant, self._builder)
        return learner

    def editor_learner(self, variant: str) -> "EditorLearner":
        """What trains an editor variant of the profile; nothing is loaded.

        Raises:
            MissingPackageError: What it is trained with is not installed.
            ImgEditError: There is no such variant, or it cannot be made.
        """
        from resources.learners import make_learner

        learner: EditorLearner = make_learner(self.profile, "editors", variant, self._builder)
        return learner

    def binds(self, role: str) -> bool:
        """Whether the profile binds a role."""
        return role in self.profile.roles
