"""`imgedit search`: images by words, by a picture, by another image, and near duplicates."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from imgedit_assets.cli import options
from imgedit_assets.cli.stores import store_with_rows
from imgedit_assets.cli.terminal import out, print_json, table, tell
from models.faults import ImgEditError

if TYPE_CHECKING:
    from imgedit_assets.searching import Duplicates, Pool
    from resources.schema import FilteredImage
    from resources.similar import Similar


def search(
    *,
    words: Annotated[
        str | None, typer.Argument(help="What the images are to show, in words.")
    ] = None,
    image: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, metavar="FILE", help="Find images like this picture."
        ),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Find images like this one of the pool, or like a version: its id, or a unique "
            "beginning.",
        ),
    ] = None,
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="List pairs of images that are nearly the same.")
    ] = False,
    min_similarity: Annotated[
        float,
        typer.Option(min=-1, max=1, help="With --duplicates: the least cosine of a pair."),
    ] = 0.95,
    max_hash_bits: Annotated[
        int,
        typer.Option(
            min=0,
            max=64,
            help="With --duplicates: in how many bits of 64 the perceptual hashes may differ. "
            "Crops to 85 % of the sides do in up to 20, unlike pictures in about 32; 64 asks the "
            "embedder alone.",
        ),
    ] = 20,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="Show at most so many.")] = 10,
    profile: options.ProfileName = None,
    json: options.Json = False,
) -> None:
    """Find images of the pool by what they show, in the space of the profile's embedder.

        imgedit search "a dog on a sofa"
        imgedit search --like 3f9a --limit 20
        imgedit search --duplicates --min-similarity 0.97

    Similarity is the cosine of two vectors: of words and images 0.2 to 0.4 is a good match, of two
    images 0.95 nearly the same picture. Each model has its own scale.
    """
    if sum((words is not None, image is not None, like is not None, duplicates)) != 1:
        msg = "give one of: words, --image, --like, --duplicates"
        raise typer.BadParameter(msg)
    if words is not None and not words.strip():
        msg = "the words are empty: say what the images are to show"
        raise ImgEditError(msg)
    with _pool(profile) as pool:
        if duplicates:
            found = pool.duplicates(min_similarity, max_hash_bits)
            _show_pairs(pool, found, min_similarity=min_similarity, limit=limit, json=json)
        elif words is not None:
            _show(pool, pool.by_words(words, limit=limit), json=json)
        elif image is not None:
            _show(pool, pool.by_picture(image, limit=limit), json=json)
        elif like is not None:
            _show(pool, pool.like(like, limit=limit), json=json)
        if pool.caution:
            tell(f"{pool.model}: {pool.caution}")


@contextmanager
def _pool(profile: str | None) -> "Iterator[Pool]":
    """The pool of images; the embedder is freed when done."""
    store_with_rows()
    from imgedit_assets.searching import Pool
    from resources.factory import Factory

    factory = Factory.open(profile=profile)
    # A run may own the device for hours.
    factory.journal.on_warning = tell
    try:
        yield Pool.open(factory)
    finally:
        factory.close()


def _show(pool: "Pool", found: "Sequence[Similar]", *, json: bool) -> None:
    if json:
        said = [_said(one.image) | {"similarity": one.similarity} for one in found]
        print_json({"model": pool.model, "found": said})
        return
    title = f"Nearest by {pool.model}"
    nearest = table(title, numbers=["similarity"], folded=["image", "id"])
    for one in found:
        nearest.add_row(f"{one.similarity:.3f}", escape(one.image.uri), one.image.id)
    out().print(nearest)


def _show_pairs(
    pool: "Pool", found: "Duplicates", *, min_similarity: float, limit: int, json: bool
) -> None:
    shown = found.named(limit)
    if json:
        pairs = [
            {"similarity": p.similarity, "first": _said(p.first), "second": _said(p.second)}
            for p in shown
        ]
        print_json(
            {"model": pool.model, "images": found.images, "count": len(found.pairs), "pairs": pairs}
        )
        return
    title = f"{len(found.pairs):,} pairs of {found.images:,} images at {min_similarity:g} or above"
    listed = table(f"{title}, by {pool.model}", numbers=["similarity"], folded=["images", "ids"])
    for pair in shown:
        both = (pair.first, pair.second)
        uris, ids = "\n".join(i.uri for i in both), "\n".join(i.id for i in both)
        listed.add_row(f"{pair.similarity:.3f}", escape(uris), ids)
    out().print(listed)


def _said(image: "FilteredImage") -> dict[str, Any]:
    return {"id": image.id, "version_id": image.version_id, "uri": image.uri}
