"""Finding images of the pool through the profile's embedder."""

from dataclasses import dataclass
from pathlib import Path

from imgedit_assets.sample.lookup import full_id
from imgedit_assets.stages.image_embeddings import EMBEDDED_SHORT_SIDE_PX, ImageEmbeddings
from models.embed.vector import Vector
from models.faults import Fault, FaultError, ImgEditError
from models.geometry import Rgb
from models.images import decode_reduced
from resources.factory import Factory
from resources.reading import MAX_IMAGE_BYTES, read_regular
from resources.roles import Embedder
from resources.schema import FilteredImage, ImageEmbedding, SourceImage, Version
from resources.similar import (
    Similar,
    SimilarPair,
    named_pairs,
    nearest_images,
    of_image,
    similar_pairs,
)
from resources.store import Store
from resources.vectors import unpack


class SearchError(ImgEditError):
    """There is nothing to search, or nothing to search with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """Pairs of images that are nearly the same, most similar first."""

    store: Store
    pairs: list[tuple[str, str, float]]
    images: int
    """How many were compared."""

    def named(self, limit: int) -> list[SimilarPair]:
        """The first so many of them, with their images."""
        return named_pairs(self.store, self.pairs[:limit])


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The images that are embedded by the model that the profile binds, and by no other."""

    factory: Factory
    recipe_id: str
    model: str

    @classmethod
    def open(cls, factory: Factory) -> "Pool":
        """The pool of a profile.

        Raises:
            SearchError: It binds no embedder, or nothing is embedded by that one yet.
        """
        name = factory.profile.name
        if not factory.binds("embedder"):
            msg = (
                f"profile {name} binds no embedder, so no image is embedded: add "
                "[roles.embedder] to it, then `imgedit run`, or give another --profile"
            )
            raise SearchError(msg)
        stage = ImageEmbeddings(factory, shard="")
        found = factory.store.frame(ImageEmbedding.TABLE, ["recipe_id", "model"])
        ours = found.filter(found["recipe_id"] == stage.recipe.content_id)
        if ours.is_empty():
            others = ", ".join(sorted(set(found["model"])))
            also = (
                f"; {found.height} are by {others}, whose vectors do not compare" if others else ""
            )
            msg = (
                f"no image is embedded by {stage.model} of profile {name} yet{also}: "
                f"`imgedit run --profile {name}` embeds what there is"
            )
            raise SearchError(msg)
        return cls(factory=factory, recipe_id=stage.recipe.content_id, model=stage.model)

    @property
    def caution(self) -> str:
        """What the embedder does not know; empty where it says nothing of it."""
        backend = self.factory.backend("embedder", ready=False)
        return str(getattr(backend, "caution", ""))

    def by_words(self, words: str, *, limit: int) -> list[Similar]:
        """The images that words describe best."""
        (vector,) = self._embedder.embed_texts([words])
        return self._nearest(vector, limit=limit)

    def by_picture(self, file: Path, *, limit: int) -> list[Similar]:
        """The images most like a file's.

        Raises:
            SearchError: The file is no image, or no regular file.
        """
        try:
            data = read_regular(file, max_bytes=MAX_IMAGE_BYTES)
            picture = decode_reduced(data, EMBEDDED_SHORT_SIDE_PX)
        except FaultError as error:
            msg = f"{file}: {error}"
            raise SearchError(msg) from error
        return self._nearest(self._embedded(picture, str(file)), limit=limit)

    def like(self, start: str, *, limit: int) -> list[Similar]:
        """The images most like one of the pool, which is left out, or like a version's picture.

        Args:
            start: The id of an image or a version, or a unique beginning of it.
            limit: The most that are returned.

        Raises:
            LineageError: No image or version has this id, or several ids begin so.
            SearchError: It cannot be embedded.
        """
        store = self.factory.store
        record, found = full_id(store, (FilteredImage, SourceImage, Version), start)
        if record is FilteredImage:
            stored = of_image(store, found, recipe_id=self.recipe_id)
            if stored is None:
                msg = f"image {found} is not embedded by {self.model} yet: `imgedit run` embeds it"
                raise SearchError(msg)
            vector = unpack(stored.vector, stored.width)
            return self._nearest(vector, limit=limit, without=found)
        if record is SourceImage:
            found = store.by_ids(SourceImage, [found])[found].version_id
        return self._nearest(self._embedded(store.render(found), found), limit=limit)

    def duplicates(self, min_similarity: float, max_hash_bits: int) -> Duplicates:
        """Pairs of images whose vectors have at least this cosine, and whose hashes are near."""
        store = self.factory.store
        pairs, images = similar_pairs(
            store,
            recipe_id=self.recipe_id,
            min_similarity=min_similarity,
            max_hash_bits=max_hash_bits,
        )
        return Duplicates(store=store, pairs=pairs, images=images)

    @property
    def _embedder(self) -> Embedder:
        return self.factory.backend("embedder")

    def _nearest(self, vector: Vector, *, limit: int, without: str = "") -> list[Similar]:
        return nearest_images(
            self.factory.store, vector, recipe_id=self.recipe_id, limit=limit, without=without
        )

    def _embedded(self, picture: Rgb, name: str) -> Vector:
        (vector,) = self._embedder.embed_images([picture])
        if isinstance(vector, Fault):
            msg = f"{name} cannot be embedded: {vector.detail}"
            raise SearchError(msg)
        return vector
