"""Outputs that are there already: a folder of pictures, or a list that names one for each case.

An output that is missing, or cannot be read, is that case's fault; of an animation the first frame
counts, and CMYK and other colours are brought to sRGB. A file that is put in later, or replaced, is
taken up by the same command again.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from benchmark.asked import Weightless
from benchmark.cases import BenchCase
from benchmark.editors.editor import EditCall
from benchmark.layouts import Layout, layout_of, output_path_of, outputs_root
from benchmark.names import report_name
from models.faults import Fault, FaultError, ImgEditError, Reason
from models.geometry import Rgb
from models.images import READ_SUFFIXES, UNREAD_SUFFIXES, decode
from resources.reading import MAX_IMAGE_BYTES, read_regular

_SUFFIXES = READ_SUFFIXES.keys() | UNREAD_SUFFIXES.keys()
_COPY_OF_SOURCE = "_SRCIMG"
"""GEdit's script writes the source beside each output."""


class ReadyOutputs(Weightless, ABC):
    """Gives for each call the picture that somebody's editor made of it.

    Args:
        path: Where the outputs are, or are listed.
        name: What the editor is called in reports; by default as `path`.
        version: Which edition of it made them, if that is to stand in `run_spec.json`.

    Raises:
        ImgEditError: There is nothing at `path`, or the name is none.
    """

    at_once = 16
    lanes = 2
    epochs = 1
    """How many outputs there are of each case."""

    def __init__(self, path: str, name: str = "", version: str = "") -> None:
        self.path = Path(str(path)).expanduser().absolute()
        if not self.path.exists():
            message = f"{self.path} is not there: path= names the outputs"
            raise ImgEditError(message)
        called = self.path.name if self.path.is_dir() else self.path.stem
        self.name = report_name(str(name), called)
        self.version = str(version) or "as found"

    def params(self) -> Mapping[str, object]:
        """Where they are."""
        return {"path": str(self.path)}

    def edit(self, calls: Sequence[EditCall]) -> list[Rgb | Fault]:
        """The pictures, as 8-bit sRGB."""
        return [self._edited(call) for call in calls]

    @abstractmethod
    def place(self, case: BenchCase, turn: int, epoch: int = 1) -> Path:
        """Where an output is, or would have to be.

        Raises:
            FaultError: DUPLICATE: two are said to be it. MISSING_FILE: none is.
        """

    @abstractmethod
    def label(self, case: BenchCase, turn: int, epoch: int = 1) -> str:
        """What an output is called here: a key of `names`, if it is there."""

    @abstractmethod
    def names(self, suite: str) -> Mapping[str, Path]:
        """Every picture that is there or named, whichever case it is of."""

    def is_newer(self, case: BenchCase, turn: int, epoch: int, than_s: float) -> bool:
        """Whether an output was put there after a time, in seconds since 1970."""
        try:
            # The time of a change cannot be set, as that of writing is when an archive is unpacked.
            return self.place(case, turn, epoch).stat().st_ctime > than_s
        except (FaultError, OSError, ValueError):
            return False

    def _edited(self, call: EditCall) -> Rgb | Fault:
        try:
            return decode(read_output(self.place(call.case, call.turn, call.epoch)))
        except FaultError as error:
            return error.fault


def read_output(path: Path) -> bytes:
    """The bytes of an output.

    Raises:
        FaultError: MISSING_FILE or UNREADABLE.
    """
    return read_regular(path, max_bytes=MAX_IMAGE_BYTES)


class FolderOutputs(ReadyOutputs):
    """A folder in ImgEdit's, GEdit's, KRIS's or a run's layout (`benchmark.layouts`).

    Args:
        path: The folder.
        layout: Its layout; that of the suite's publishers if empty.
        name: What the editor is called in reports.
        version: Which edition of it made them.
    """

    def __init__(self, path: str, layout: str = "", name: str = "", version: str = "") -> None:
        super().__init__(path, name, version)
        if layout and layout not in list(Layout):
            message = f"layout={layout}: it is one of {', '.join(Layout)}"
            raise ImgEditError(message)
        self._layout = Layout(layout) if layout else None
        self._roots: dict[str, Path] = {}
        if self.layout("") is Layout.RUN:
            stems = [path.stem.partition("_")[0] for path in self.path.glob("images/*/*.png")]
            self.epochs = max((int(stem) for stem in stems if stem.isdecimal()), default=1)

    def params(self) -> Mapping[str, object]:
        """Where they are, and how they lie there."""
        return {"path": str(self.path), "layout": str(self._layout or "")}

    def layout(self, suite: str) -> Layout:
        """How they lie."""
        return self._layout or layout_of(self.path, suite)

    def root(self, suite: str) -> Path:
        """The folder in which their names begin.

        Raises:
            ImgEditError: It is no folder, or holds the outputs of several models.
        """
        if suite not in self._roots:
            self._roots[suite] = outputs_root(self.path, self.layout(suite))
        return self._roots[suite]

    def place(self, case: BenchCase, turn: int, epoch: int = 1) -> Path:
        """Where the layout has it."""
        root, layout = self.root(case.suite), self.layout(case.suite)
        return output_path_of(case, root, layout, turn=turn, epoch=epoch)

    def label(self, case: BenchCase, turn: int, epoch: int = 1) -> str:
        """Its path from the root."""
        return self.place(case, turn, epoch).relative_to(self.root(case.suite)).as_posix()

    def names(self, suite: str) -> Mapping[str, Path]:
        """All pictures below the root by their paths from there, but for copies of sources."""
        root = self.root(suite)
        files = (path for path in sorted(root.rglob("*")) if path.suffix.lower() in _SUFFIXES)
        return {
            path.relative_to(root).as_posix(): path
            for path in files
            if not path.stem.endswith(_COPY_OF_SOURCE)
        }


class ListedOutputs(ReadyOutputs):
    """JSON lines of `{"id", "image_path"}`, in dialogues with `"turn"`, perhaps with `"epoch"`.

    A path begins at the list's own folder. A line that is none of this is one of `problems`.

    Raises:
        ImgEditError: The list cannot be read.
    """

    def __init__(self, path: str, name: str = "", version: str = "") -> None:
        super().__init__(path, name, version)
        self.problems: list[str] = []
        self._listed: dict[tuple[str, int, int], dict[Path, None]] = defaultdict(dict)
        self._read()
        self.epochs = max((epoch for _, _, epoch in self._listed), default=1)

    def place(self, case: BenchCase, turn: int, epoch: int = 1) -> Path:
        """Where the list says."""
        found = self._listed.get((case.id, turn, epoch), {})
        if len(found) > 1:
            detail = f"{self.path.name} names several for {case.id}: {', '.join(map(str, found))}"
            raise FaultError(Reason.DUPLICATE, detail)
        if not found:
            raise FaultError(Reason.MISSING_FILE, f"{self.path.name} names none for {case.id}")
        return next(iter(found))

    def label(self, case: BenchCase, turn: int, epoch: int = 1) -> str:
        """The case's id, and what else the line has to say."""
        return _label(case.id, turn, epoch)

    def names(self, suite: str) -> Mapping[str, Path]:
        """All that are named; of two for one output the last."""
        del suite
        return {_label(*key): [*paths][-1] for key, paths in self._listed.items()}

    def _read(self) -> None:
        try:
            text = read_regular(self.path).decode("utf-8-sig")
        except FaultError as error:
            raise ImgEditError(error.fault.detail) from None
        except UnicodeDecodeError as error:
            message = f"{self.path} is not UTF-8: {error.reason} at byte {error.start}"
            raise ImgEditError(message) from None
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                try:
                    row = _Row.model_validate_json(line)
                except ValidationError as error:
                    wrong = error.errors()[0]
                    where = "".join(f"{part}: " for part in wrong["loc"])
                    self.problems.append(f"line {number}: {where}{wrong['msg']}")
                else:
                    key = str(row.id), row.turn, row.epoch
                    self._listed[key][self.path.parent / row.image_path] = None


class _Row(BaseModel):
    """A line of a list; it may say more."""

    id: str | int
    image_path: str = Field(min_length=1)
    turn: int = Field(1, ge=1)
    epoch: int = Field(1, ge=1)


def _label(case_id: str, turn: int, epoch: int) -> str:
    several = f", turn {turn}" if turn > 1 else ""
    return f"{case_id}{several}" + (f", epoch {epoch}" if epoch > 1 else "")
