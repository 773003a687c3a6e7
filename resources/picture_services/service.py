"""`PictureService`: a service that is asked by all threads of a run, within a budget."""

from pathlib import Path

from resources.chat.budget import Budget, BudgetError, OverBudgetError
from resources.chat.endpoint import Endpoint
from resources.chat.loop import LoopThread
from resources.engine.metering import charge
from resources.picture_services.requests import Painted, ServiceEdit
from resources.picture_services.settings import ServiceSettings
from resources.reading import MAX_IMAGE_BYTES, read_regular


class PictureService:
    """Asks again what fails in passing, as many at once as the service takes.

    Args:
        settings: Which service.
        spent_usd: What the run has cost before.
        paid: A folder for pictures, each from the moment that it is paid: a killed run finds there
            what it had not kept yet. None for no such folder.

    Raises:
        ChatError: The key is not set.
    """

    def __init__(
        self, settings: ServiceSettings, *, spent_usd: float = 0.0, paid: Path | None = None
    ) -> None:
        self._settings = settings
        self._loop = LoopThread("pictures")
        self._endpoint = Endpoint(settings)
        self._spent_usd = spent_usd
        self._paid = paid
        if paid:
            paid.mkdir(parents=True, exist_ok=True)
        self._budget = Budget(settings.budget_usd, lambda: self._spent_usd)

    def ask(self, edit: ServiceEdit) -> Painted:
        """The picture; what it costs is charged to the calling thread.

        Raises:
            FaultError: It is refused, or does not come after all tries.
            ChatError: The service takes no request, or has not answered for too long.
            BudgetError: The budget does not cover it.
        """
        try:
            painted = self._loop.run(self._asked(edit))
        except OverBudgetError:
            settings = self._settings
            message = (
                f"the budget of {settings.budget_usd:g} USD for {settings.model} does not cover "
                f"the next picture: {self._spent_usd:.4f} USD are spent. Raise budget_usd of "
                "--editor-args and run again: nothing that was paid for is asked again"
            )
            raise BudgetError(message) from None
        charge(paid_usd=painted.usd or 0.0, worth_usd=painted.usd or 0.0)
        return painted

    def close(self) -> None:
        """Close the connections."""
        self._loop.run(self._endpoint.aclose())
        self._loop.stop()

    async def _asked(self, edit: ServiceEdit) -> Painted:
        if not (painted := self._known(edit.key)):
            async with self._budget.reserved(lambda: self._settings.dearest_usd):
                painted = await self._endpoint.ask(edit)
                self._keep(edit.key, painted)
                self._spent_usd += painted.usd or 0.0
        if painted.usd is None and self._settings.budget_usd is not None:
            message = (
                f"{self._settings.url} does not say what {self._settings.model} took, so that no "
                "budget can be kept: give usd_per_image, or no budget_usd"
            )
            raise BudgetError(message)
        return painted

    def _keep(self, key: str, painted: Painted) -> None:
        if self._paid:
            aside = self._paid / f".{key}"
            aside.write_bytes(painted.data)
            aside.replace(self._paid / f"{key}@{painted.usd}")

    def _known(self, key: str) -> Painted | None:
        found = next(self._paid.glob(f"{key}@*"), None) if self._paid else None
        if found is None:
            return None
        usd = found.name.partition("@")[2]
        data = read_regular(found, max_bytes=MAX_IMAGE_BYTES)
        return Painted(data=data, usd=None if usd == "None" else float(usd))
