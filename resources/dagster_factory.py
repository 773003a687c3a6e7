"""The factory as a Dagster resource."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from resources.factory import Factory


class FactoryResource(dg.ConfigurableResource[Factory]):
    """Opens the store and the profile once for each run, and keeps its backends warm.

    `IMGEDIT_HOME` and `IMGEDIT_PROFILE` of the process say which. It has no fields: a run's config
    could set them, and a profile names code that is run.
    """

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Factory]:
        """A factory for the length of a run."""
        del context
        factory = Factory.open()
        try:
            yield factory
            factory.store.compact()
        finally:
            factory.close()
