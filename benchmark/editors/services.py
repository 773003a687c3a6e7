"""OpenAI's and Gemini's picture services as editors."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from benchmark.editors.editor import EditCall
from benchmark.names import report_name
from models.faults import Fault, FaultError, ImgEditError
from models.geometry import Rgb
from models.images import decode
from resources.picture_services.requests import GeminiEdit, OpenAIEdit
from resources.picture_services.service import PictureService
from resources.picture_services.settings import ServiceSettings

GEMINI_URL = "https://generativelanguage.googleapis.com/v1beta"
_MOST_PIXELS = 2048 * 1024
"""A source of more is shrunk before it is sent: none of them paints more."""


class ServiceEditor:
    """A service that is sent a picture and an instruction, and bills its answer.

    Args:
        name: What it is called in reports; by default as its model.
        lanes: Most requests under way at once; rate limits lower the number for a while.
        given: Its own options, and endpoint, key, prices, budget and patience
            (`ServiceSettings`).

    Raises:
        ImgEditError: The settings contradict each other.
    """

    at_once = 1
    asked: ClassVar[type[OpenAIEdit] | type[GeminiEdit]]
    options: ClassVar[tuple[str, ...]]
    """Fields of a request that the service knows besides; its own values where not given."""
    defaults: ClassVar[Mapping[str, Any]]

    def __init__(self, *, name: str = "", lanes: int = 8, **given: Any) -> None:  # noqa: ANN401 - of several types
        self._options = {key: str(given.pop(key)) for key in self.options if key in given}
        self._settings = ServiceSettings(
            **{"max_in_flight": lanes, "max_image_pixels": _MOST_PIXELS, **self.defaults, **given}
        )
        self.name = report_name(str(name), self._settings.model)
        self.version = self._settings.model
        self.lanes = lanes
        self.spent_usd = 0.0
        """What the run has cost before; the budget counts it."""
        self.paid: Path | None = None
        """A folder for pictures that are paid for, until the run has them."""
        self._service: PictureService | None = None

    @property
    def dearest_usd(self) -> float | None:
        """The most that an output costs; None where no price is given."""
        return self._settings.dearest_usd if self._settings.is_paid else None

    def params(self) -> Mapping[str, object]:
        """The model, what it is asked for besides, and the most pixels that it is sent."""
        sent = self._settings.max_image_pixels
        return {"model": self._settings.model, "max_image_pixels": sent, **self._options}

    def setup(self) -> None:
        """Look for the key.

        Raises:
            ImgEditError: It is not set.
        """
        self._service = PictureService(self._settings, spent_usd=self.spent_usd, paid=self.paid)

    def edit(self, calls: Sequence[EditCall]) -> list[Rgb | Fault]:
        """The pictures, of the sizes that the service gives them.

        Raises:
            ImgEditError: The service cannot be asked any more, or the budget is spent.
        """
        return [self._edited(call) for call in calls]

    def close(self) -> None:
        """Close the connections."""
        if self._service is not None:
            self._service.close()

    def _edited(self, call: EditCall) -> Rgb | Fault:
        if self._service is None:
            message = f"{self.name} is not set up"
            raise ImgEditError(message)
        pictures = [call.image, *([] if call.reference is None else [call.reference])]
        try:
            painted = self._service.ask(
                self.asked(
                    settings=self._settings,
                    instruction=call.instruction,
                    pictures=pictures,
                    seed=call.seed % 2**31,
                    options=self._options,
                )
            )
            return decode(painted.data)
        except FaultError as error:
            return error.fault


class OpenAIEditor(ServiceEditor):
    """A gpt-image model, as which GPT-4o-Image is served too.

    Without `size` it is asked for that of its three sizes which is nearest to the source's aspect.
    """

    asked = OpenAIEdit
    options = ("size", "quality", "input_fidelity")
    defaults = MappingProxyType({"model": "gpt-image-1"})


class GeminiEditor(ServiceEditor):
    """A Gemini model that paints, from 2.0 Flash on; it follows the source's aspect."""

    asked = GeminiEdit
    options = ("aspect_ratio", "image_size")
    defaults = MappingProxyType(
        {"model": "gemini-2.5-flash-image", "base_url": GEMINI_URL, "key_env": "GEMINI_API_KEY"}
    )
