"""The factory as a Dagster resource."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from resources.home import Home

if TYPE_CHECKING:
    from resources.factory import Factory

    FactoryParam = dg.ResourceParam[Factory]
else:
    # Dagster looks at the name alone; the class would load NumPy, the store and every role.
    FactoryParam = dg.ResourceParam[Any]


def factory_resource(home: Home, profile: str) -> dg.ResourceDefinition:
    """Opens the store and the profile once for each run, and keeps its backends warm.

    It has no settings: a run's config could set them, and a profile names code that is run.
    """

    def opened(context: dg.InitResourceContext) -> "Iterator[Factory]":
        from resources.factory import Factory
        from resources.sqlite_engines import share_engines

        del context
        share_engines()  # of a process that Dagster has begun for this run
        factory = Factory.open(home, profile)
        try:
            yield factory
            factory.store.compact()
        finally:
            factory.close()

    return dg.ResourceDefinition(opened, config_schema={})
