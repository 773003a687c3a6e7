"""What every page works with: the home, the words around it, and how a page is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from imgedit_assets.pages.pairs import PairIndex
from imgedit_assets.pages.refresher import Refresher
from resources.factory import Factory
from resources.site.web import HTMLResponse, Request
from resources.store import Store

if TYPE_CHECKING:
    from jinja2 import Environment

DAGSTER = "http://127.0.0.1:3000"


@dataclass(kw_only=True)
class Desk:
    """A home, opened for pages; made once, and used by several threads."""

    factory: Factory
    who: str
    """The owner, as decisions name them."""
    profile: str | None = None
    """As the command line names it."""
    dagster: str = DAGSTER
    """Where Dagster's UI is; empty where pages name none."""
    nav: Mapping[str, str] = field(default_factory=dict)
    """Paths by title, as every page shows them."""

    @property
    def store(self) -> Store:
        """The home's tables."""
        return self.factory.store

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        **values: Any,  # noqa: ANN401 - what the template names
    ) -> HTMLResponse:
        """A page of a template; whatever is put into it is escaped."""
        made = self._templates.get_template(template)
        return HTMLResponse(made.render(desk=self, path=request.url.path, **values), status)

    @cached_property
    def pairs(self) -> PairIndex:
        """The judged pairs."""
        return PairIndex(self.store)

    @cached_property
    def refresher(self) -> Refresher:
        """What brings the accepted pairs up to date."""
        return Refresher(store=self.store, profile=self.profile, pairs=self.pairs)

    @cached_property
    def _templates(self) -> "Environment":
        from jinja2 import Environment, PackageLoader, StrictUndefined

        loader = PackageLoader("imgedit_assets.pages")
        settings: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True}
        return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, **settings)
