"""The factory as a Dagster resource."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from resources.factory import Factory


class FactoryResource(dg.ConfigurableResource[Factory]):
    """Opens the store and the profile once for each run, and keeps its backends warm.

    Leave both fields empty to take `IMGEDIT_HOME` and `IMGEDIT_PROFILE` from the environment.
    """

    home: str = ""
    profile: str = ""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Factory]:
        """A factory for the length of a run."""
        del context
        factory = Factory.open(where=self.home or None, profile=self.profile or None)
        try:
            yield factory
            factory.store.compact()
        finally:
            factory.close()
