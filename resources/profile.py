"""Profiles: TOML files that bind roles to backends and hold every threshold.

`embedded` is the default. A path to a file of one's own works wherever a name does; what such a
file leaves out is taken from `embedded`. A profile names classes that a run imports and calls:
one of another person is that person's code.

A relative path in such a file starts at the file's own folder, and `~` is the user's: `watch`,
`allow_paths`, `folders`, `benchmarks`, a suite's `data` and `ratings`, and in roles,
chats, judges, editors, runtime and benchmark what begins with `./`, `../` or `~/`.
"""

from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.faults import FaultError, ImgEditError
from models.regions.thresholds import GateThresholds
from models.runtime import Runtime
from resources.pasted_keys import shown, without_keys
from resources.profile_benchmark import BenchmarkSettings
from resources.profile_editors import Editors, StudySettings
from resources.profile_engine import Engine
from resources.profile_judges import CorpusSettings, Judges
from resources.profile_values import value_problem
from resources.profile_variants import variant_names
from resources.reading import parse_toml, read_regular

DEFAULT_PROFILE = "embedded"

_PATHS = (
    ("sources", "watch"),
    ("sources", "allow_paths"),
    ("edits", "folders"),
    ("release", "benchmarks"),
    ("benchmark", "suites", "data"),
    *(("judge_corpus", key) for key in ("ratings", "editreward_data", "editscore_data")),
)
_MODELS = ("roles", "chats", "judges", "editors", "runtime", "benchmark")
"""Sections whose texts may be paths, and may be names as well."""

_TRAINED = ("judges", "editors")
"""Sections of variants."""

MAX_BYTES = 2**20
"""The largest file of a profile; the largest that ships has 4 kB."""


class ProfileError(ImgEditError):
    """A profile cannot be read, or says something that is not understood."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Sources(_Section):
    """Where images come from when nothing else is asked for."""

    studio_shards: int = Field(
        1, ge=0, le=100_000, description="shards of illustrated studio scenes"
    )
    scenes_per_shard: int = Field(16, ge=1, le=4000, description="scenes in each studio shard")
    clips_per_shard: int = Field(
        8, ge=0, le=4000, description="clips of 3 to 4 frames in each studio shard"
    )
    photos: bool = Field(True, description="use the photographs that installed packages bring")
    watch: str = Field("", description="a folder whose new images the sensor ingests")
    shard_size: int = Field(1000, ge=1, le=4000, description="images in a shard of other sources")
    frame_every_s: float = Field(1.0, gt=0, le=86_400, description="video: seconds between frames")
    max_pixels: int = Field(
        100_000_000, ge=1, le=2**31, description="larger images are rejected undecoded"
    )
    max_bytes: int = Field(64_000_000, ge=1, le=2**40, description="larger downloads are cut off")
    allow_private: bool = Field(False, description="let URLs point at private addresses")
    allow_paths: tuple[str, ...] = Field(
        (), description="folders that the paths of a table may lead to, beside the table's own"
    )


class Images(_Section):
    """The filter of step 1."""

    min_short_side_px: int = Field(1280, ge=1, le=100_000, description="the paper's 1280")
    min_aesthetic: float = Field(4.75, description="the paper's 4.75, on LAION's scale")
    near_duplicate_bits: int = Field(
        4, ge=0, le=64, description="perceptual hashes this close are one image"
    )
    max_unsafe: float = Field(
        0.8, ge=0, le=1, description="largest probability of not being safe for work"
    )


class Edits(_Section):
    """Which edits are made."""

    types: tuple[str, ...] = Field((), description="edit types to make; empty for all")
    folders: tuple[str, ...] = Field((), description="folders with edit types of one's own")
    per_image: int = Field(1, ge=1, le=1000, description="edits of each type made of one image")
    load_limit_s: float = Field(
        20.0, gt=0, le=600, description="how long the first import of an edit type may take"
    )


class Accept(_Section):
    """What a pair needs to enter the dataset."""

    min_score: float = Field(3.5, ge=1, le=5, description="mean of the three criteria")
    min_adherence: float = Field(3.0, ge=1, le=5)
    min_quality: float = Field(2.5, ge=1, le=5)
    min_preservation: float = Field(3.0, ge=1, le=5)
    max_unsafe: float = Field(
        0.8, ge=0, le=1, description="largest probability of not being safe for work"
    )
    max_bad_frac: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="largest share of the accepted that may be bad, by a threshold that is proven "
        "for a trained judge; what lies in between is undecided. 0: the least scores alone",
    )
    bad_confidence: float = Field(
        0.9, gt=0, lt=1, description="confidence with which that share is proven"
    )


class Retries(_Section):
    """Further results of an instruction whose first is no clear success; the best is kept."""

    most: int = Field(0, ge=0, le=100, description="further results of an instruction; 0: none")
    hard: dict[str, int] = Field(
        default_factory=dict, description="the same of single edit types: { replace = 4 }"
    )
    enough: float = Field(
        4.0, ge=1, le=5, description="score of a clear success, after which there is none"
    )
    per_pair: float = Field(
        1.0,
        gt=0,
        le=100,
        description="budget: further results, at most, per instruction of a partition",
    )
    repair: bool = Field(
        True, description="whether the last ones do otherwise what failed, not by chance alone"
    )

    def most_of(self, edit_type: str) -> int:
        """How many further results an instruction of an edit type gets at most."""
        return self.hard.get(edit_type, self.most)

    @model_validator(mode="after")
    def _counts(self) -> "Retries":
        if below := [name for name, most in self.hard.items() if most < 0]:
            msg = f"hard.{below[0]} is {self.hard[below[0]]}: give 0 or more"
            raise ValueError(msg)
        return self


class Release(_Section):
    """What a release is, and what must not be in it."""

    name: str = Field(
        "imgedit-factory",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="the dataset's name on its card and of its folder",
    )
    benchmarks: tuple[str, ...] = Field(
        (), description="folders of benchmarks whose cases must not be in a release"
    )
    max_instruction_similarity: float = Field(
        0.9, ge=0, le=1, description="Jaccard similarity to a benchmark's instruction"
    )
    near_duplicate_bits: int = Field(
        4, ge=0, le=64, description="perceptual hashes this close are one image"
    )
    validation_frac: float = Field(0.05, ge=0, lt=1, description="share of source images")
    test_frac: float = Field(0.05, ge=0, lt=1, description="share of source images")
    shard_mb: int = Field(500, ge=1, le=1000, description="largest Parquet or tar file")

    @model_validator(mode="after")
    def _leaves_something_to_train_on(self) -> "Release":
        if self.validation_frac + self.test_frac >= 1:
            msg = (
                f"validation_frac is {self.validation_frac:g} and test_frac {self.test_frac:g}: "
                "lower them to less than 1 together, so that something is left to train on"
            )
            raise ValueError(msg)
        return self


class Checks(_Section):
    """When an asset check fails, and what it is measured on."""

    max_reject_frac: float = Field(
        0.5, ge=0, le=1, description="largest share of units of a stage that may be rejected"
    )
    max_fault_frac: float = Field(
        0.1, ge=0, le=1, description="largest share of units that may end in a worker error"
    )
    probed_edits: int = Field(
        2, ge=0, description="studio edits of a partition whose spoilt results probe the judge"
    )


class RoleBinding(BaseModel):
    """A backend's name, or `module:Class` of one's own, and its parameters.

    Such a class is imported by what checks or uses the role: `imgedit doctor` and runs. It is made
    by what uses it alone, and only once it was found to satisfy the role's protocol.

    A parameter that is a checkpoint is given by its name (`resources.checkpoints`), a language
    model by the name of its section in [chats], and `runtime` holds what differs from [runtime].
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    backend: str

    @property
    def params(self) -> dict[str, Any]:
        """What the backend is made with."""
        return dict(self.__pydantic_extra__ or {})


class Profile(_Section):
    """Everything that can be set."""

    name: str
    description: str = ""
    caution: str = ""
    """What whoever looks at its results has to know; said at the end of every run."""
    sources: Sources = Sources()
    images: Images = Images()
    regions: GateThresholds = GateThresholds()
    edits: Edits = Edits()
    retries: Retries = Retries()
    accept: Accept = Accept()
    release: Release = Release()
    benchmark: BenchmarkSettings = BenchmarkSettings()
    judge_corpus: CorpusSettings = CorpusSettings()
    judges: Judges = Field(default_factory=dict)
    """Judges to train, by the names of their partitions."""
    editors: Editors = Field(default_factory=dict)
    """Editors to train, likewise."""
    filtering_study: StudySettings = StudySettings()
    checks: Checks = Checks()
    engine: Engine = Engine()
    runtime: Runtime = Runtime()
    chats: dict[str, RoleBinding] = Field(default_factory=dict)
    """Language models that several roles may share."""
    roles: dict[str, RoleBinding] = Field(default_factory=dict)

    @property
    def judged_by(self) -> str:
        """The judge variant that pairs are scored by; empty where the judge is not trained here."""
        bound = self.roles.get("judge")
        is_trained = bound is not None and bound.backend == "trained"
        return str(bound.params.get("variant", "")) if bound and is_trained else ""

    @property
    def benched(self) -> tuple[str, ...]:
        """The editor variants that the benchmark names."""
        return tuple(dict.fromkeys(e.trained for e in self.benchmark.editors if e.trained))

    @model_validator(mode="after")
    def _judges_by_a_variant_that_it_trains(self) -> "Profile":
        names = variant_names(self.judges)
        if (name := self.judged_by) and name not in names:
            msg = (
                f"[roles.judge] names the variant {name!r}, and there is no [judges.{name}]; "
                f"there is {', '.join(names) or 'none'}"
            )
            raise ValueError(msg)
        if self.accept.max_bad_frac and not self.judged_by:
            msg = (
                "[accept] max_bad_frac needs a judge that was tried here: bind [roles.judge] "
                'backend = "trained", or leave it out'
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _benches_the_editors_that_it_trains(self) -> "Profile":
        """An entry by a variant's name is that variant; one of a variant taken away goes too."""
        names, kept = variant_names(self.editors), []
        for entry in self.benchmark.editors:
            is_variant = not entry.editor and entry.name in self.editors
            trained = entry.trained or (entry.name if is_variant else "")
            if trained and trained not in self.editors:
                msg = (
                    f"[benchmark] names the variant {trained!r}, and there is no "
                    f"[editors.{trained}]; there is {', '.join(names) or 'none'}"
                )
                raise ValueError(msg)
            if trained in names or not trained:
                kept.append(entry.model_copy(update={"trained": trained}))
        if unknown := [name for name in self.filtering_study.variants if name not in names]:
            msg = f"[filtering_study] names {unknown[0]!r}; there is {', '.join(names) or 'none'}"
            raise ValueError(msg)
        benchmark = self.benchmark.model_copy(update={"editors": tuple(kept)})
        return self.model_copy(update={"benchmark": benchmark})

    @model_validator(mode="after")
    def _lets_some_image_through(self) -> "Profile":
        side, most = self.images.min_short_side_px, self.sources.max_pixels
        if side * side > most:
            msg = (
                f"no image can pass: images.min_short_side_px is {side}, which is {side * side} "
                f"pixels or more, and sources.max_pixels {most}; lower the one or raise the other"
            )
            raise ValueError(msg)
        return self


def profile_names() -> list[str]:
    """The profiles that ship with the package."""
    folder = files("resources.profiles")
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith("toml"))


def load_profile(name_or_path: str = DEFAULT_PROFILE) -> Profile:
    """Read a profile by its name or from a file.

    Raises:
        ProfileError: There is no such profile, or a key or value in it is not understood.
    """
    base = _read(DEFAULT_PROFILE)
    raw = base if name_or_path == DEFAULT_PROFILE else _merged(base, _read(name_or_path))
    if problem := value_problem(raw):
        msg = f"profile {name_or_path}: {problem}"
        raise ProfileError(msg)
    try:
        return Profile.model_validate(raw)
    except ValidationError as error:
        raise ProfileError(without_keys(_explained(name_or_path, error))) from None


def _read(name_or_path: str) -> dict[str, Any]:
    try:
        raw = parse_toml(_text(name_or_path))
    except ValueError as error:
        msg = f"profile {name_or_path}: not TOML: {error}"
        raise ProfileError(msg) from None
    is_file = name_or_path not in profile_names()
    return _anchored(raw, Path(name_or_path).absolute().parent) if is_file else raw


def _text(name_or_path: str) -> str:
    if name_or_path in profile_names():
        return (files("resources.profiles") / f"{name_or_path}.toml").read_text("utf-8")
    if not name_or_path.endswith(".toml"):
        msg = (
            f"there is no profile {name_or_path!r}: choose one of {', '.join(profile_names())}, "
            "or give the path of a .toml file"
        )
        raise ProfileError(msg)
    try:
        return read_regular(Path(name_or_path), max_bytes=MAX_BYTES).decode()
    except FaultError as error:
        msg = f"profile {name_or_path}: {error.fault.detail}; give the path of a .toml file"
        raise ProfileError(msg) from None


def _anchored(value: Any, folder: Path, where: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - TOML
    """What a file says, with its relative paths as seen from anywhere."""
    if isinstance(value, dict):
        return {key: _anchored(each, folder, (*where, key)) for key, each in value.items()}
    if isinstance(value, list):
        return [_anchored(each, folder, where) for each in value]
    if not isinstance(value, str) or not value:
        return value
    by_its_look = where[0] in _MODELS and value.startswith(("./", "../", "~/"))
    if not by_its_look and where not in _PATHS:
        return value
    try:
        return str(folder / Path(value).expanduser())
    except RuntimeError:  # the `~` of a user that this machine does not have
        return value


def _merged(base: dict[str, Any], top: dict[str, Any], whole: str = "backend") -> dict[str, Any]:
    """Both, where they differ `top`; a section of it that has the key `whole` replaces another."""
    merged = dict(base)
    for key, value in top.items():
        # A role, or a variant to train, is replaced whole: the parameters of another backend would
        # make no sense to it.
        nested = isinstance(value, dict) and isinstance(base.get(key), dict)
        if nested and whole not in value:
            merged[key] = _merged(base[key], value, "kind" if key in _TRAINED else whole)
        else:
            merged[key] = value
    return merged


def _explained(profile: str, error: ValidationError) -> str:
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "value_error":
        said = problem["msg"].removeprefix("Value error, ")
        return f"profile {profile}: {where}: {said}" if where else f"profile {profile}: {said}"
    if problem["type"] not in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"profile {profile}: {where}: {problem['msg']} (got {shown(problem['input'])})"
    *sections, key = (str(part) for part in problem["loc"])
    known = _keys(sections)
    near = get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known keys are {', '.join(known)}"
    return f"profile {profile}: there is no key {where!r}: {hint}"


def _keys(sections: list[str]) -> list[str]:
    model: Any = Profile
    for section in sections:
        if section.isdigit():
            (model, _) = get_args(model)
        else:
            model = model.model_fields[section].annotation
    return [f.name for f in fields(model)] if is_dataclass(model) else list(model.model_fields)
