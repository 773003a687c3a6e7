"""ImgEdit-E1 as an editor: any checkpoint that was trained here, or the studio's own."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.editors.editor import EditCall, requests_of
from benchmark.names import report_name
from models.e1.editor import load_editor
from models.e1.studio_words import STUDIO
from models.faults import Fault, ImgEditError
from models.geometry import Rgb
from models.hosting import SoloHost
from resources.backends import INSTALL_EDITOR
from resources.devices.devices import visible_devices
from resources.recipes import digest


class E1BenchEditor:
    """An E1 from its folder.

    Args:
        weights: The folder that its training wrote; the studio's own, which is installed with the
            package, if none is given.
        steps: Passes for an image; 0 for as many as its recipe says.
        guidance: An input of the painter; the recipe's if not given.
        device: cuda:0, cpu, …; by default the first GPU.
        name: What it is called in reports; by default as its folder.

    Raises:
        ImgEditError: There is no E1 in the folder, or torch and diffusers are not installed.
    """

    at_once = 4
    lanes = 1

    def __init__(
        self,
        *,
        weights: str = "",
        steps: int = 0,
        guidance: float | None = None,
        device: str = "",
        name: str = "",
    ) -> None:
        folder = Path(weights).expanduser().absolute() if weights else STUDIO
        self._host = SoloHost(device or visible_devices()[0].name)
        try:
            self._editor = load_editor(
                folder,
                host=self._host,
                steps=int(steps) or None,
                guidance=None if guidance is None else float(guidance),
            )
        except ModuleNotFoundError as error:
            message = f"e1 needs {error.name}: {INSTALL_EDITOR}"
            raise ImgEditError(message) from error
        self.name = report_name(str(name), f"e1-{folder.name}")
        self.version = digest(str(self._editor.params()["weights"]))

    def params(self) -> Mapping[str, object]:
        """Its weights and how images are made with them."""
        return self._editor.params()

    def setup(self) -> None:
        """Load it.

        Raises:
            ImgEditError: A part is missing or broken.
        """
        self._editor.setup()

    def edit(self, calls: Sequence[EditCall]) -> list[Rgb | Fault]:
        """An image for each call."""
        return self._editor.edit(requests_of(calls))

    def close(self) -> None:
        """Let it go, so that a judge finds room on the device."""
        self._host.clear()
