"""Embeddings of the pool, and what is found through them."""

import json
import os
from pathlib import Path

import pytest
from skimage import data
from typer.testing import CliRunner, Result

from imgedit_assets.cli.app import app
from imgedit_assets.harness import PartitionReport, materialise
from imgedit_assets.stages.image_embeddings import ImageEmbeddings
from imgedit_assets.stages.images import FilteredImages
from imgedit_assets.stages.measured_images import MeasuredImages
from imgedit_assets.stages.sources import SourceImages
from models.images import encode_jpeg
from resources.factory import Factory
from resources.registration import register, registered_shards
from resources.schema import FilteredImage, ImageEmbedding
from resources.sources.folder import FolderSource
from resources.vectors import unpack

pytest.importorskip("open_clip")

PICTURES = {"astronaut": data.astronaut, "coffee": data.coffee, "cat": data.chelsea}

PROFILE = """
name = "clip"
[images]
min_short_side_px = 256
min_aesthetic = 1.0
near_duplicate_bits = 0
[runtime]
dtype = "float32"
[roles.embedder]
backend = "open_clip"
weights = "{weights}"
"""


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from models.zoo.open_clip import BUILDERS

    folder = tmp_path_factory.mktemp("clips")
    for name in ("clip-vit-l-14", "clip-vit-h-14"):
        (folder / name).mkdir()
        BUILDERS[name](folder / name)
    return folder


@pytest.fixture(scope="module")
def profile(clips: Path) -> str:
    path = clips / "clip.toml"
    path.write_text(PROFILE.format(weights=clips / "clip-vit-h-14"))
    return str(path)


@pytest.fixture
def home(
    tmp_path_factory: pytest.TempPathFactory, profile: str, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A home with three photographs and a crop of one; nothing is embedded."""
    home = tmp_path_factory.mktemp("home")
    folder = home / "photographs"
    folder.mkdir()
    for name, picture in PICTURES.items():
        (folder / f"{name}.jpg").write_bytes(encode_jpeg(picture(), 95))
    (folder / "cropped-coffee.jpg").write_bytes(encode_jpeg(data.coffee()[20:, 30:], 90))
    monkeypatch.setenv("IMGEDIT_HOME", str(home))
    monkeypatch.setenv("IMGEDIT_PROFILE", profile)
    factory = Factory.open()
    register(factory.store, FolderSource(folder), shard_size=10)
    for stage in (SourceImages, MeasuredImages, FilteredImages):
        materialise(stage(factory, shard=shard_of(factory)))
    assert len(factory.store.current(FilteredImage, shard=shard_of(factory))) == 4
    return home


def shard_of(factory: Factory) -> str:
    (shard,) = registered_shards(factory.store)
    return shard


def embed(profile: str) -> tuple[Factory, PartitionReport]:
    factory = Factory.open(profile=profile)
    return factory, materialise(ImageEmbeddings(factory, shard=shard_of(factory)))


def search(*args: str) -> Result:
    return CliRunner().invoke(app, ["search", *args])


def said(*args: str) -> dict[str, object]:
    result = search(*args, "--json")
    assert result.exit_code == 0, result.stderr
    answer: dict[str, object] = json.loads(result.stdout)
    return answer


def uris(answer: dict[str, object]) -> list[str]:
    found = answer["found"]
    assert isinstance(found, list)
    return [Path(one["uri"]).stem for one in found]


@pytest.mark.usefixtures("home")
def test_every_image_is_found_first_by_its_own_embedding(profile: str) -> None:
    factory, report = embed(profile)
    assert (report.rows, report.figures) == (4, {"rows": 4, "embedders": 1})
    rows = factory.store.current(ImageEmbedding, shard=shard_of(factory))
    images = {i.id: i for i in factory.store.current(FilteredImage, shard=shard_of(factory))}
    embedder = factory.backend("embedder")
    for row in rows:
        picture = factory.store.render(images[row.image_id].version_id)
        # The stage embeds a reduced decode.
        cosine = float(embedder.embed_images([picture])[0] @ unpack(row.vector, row.width))
        assert cosine > 0.99
        answer = said("--like", row.version_id)
        found = answer["found"]
        assert isinstance(found, list)
        assert found[0]["id"] == row.image_id
        assert found[0]["similarity"] > 0.99


@pytest.mark.usefixtures("home")
def test_pictures_words_and_images_of_the_pool_are_searched_by(profile: str) -> None:
    factory, _ = embed(profile)
    home = factory.home.folder
    answer = said("--image", str(home / "photographs" / "cat.jpg"), "--limit", "2")
    assert uris(answer)[0] == "cat"
    assert len(uris(answer)) == 2
    assert answer["model"] == "open_clip 1 (clip-vit-h-14)"
    coffee = next(
        i
        for i in factory.store.current(FilteredImage, shard=shard_of(factory))
        if i.uri.endswith("/coffee.jpg")
    )
    assert uris(said("--like", coffee.id))[0] == "cropped-coffee"
    assert "coffee" not in uris(said("--like", coffee.id))
    (words,) = factory.backend("embedder").embed_texts(["a cup of coffee"])
    rows = factory.store.current(ImageEmbedding, shard=shard_of(factory))
    best = max(rows, key=lambda row: float(words @ unpack(row.vector, row.width)))
    answer = said("a cup of coffee")
    found = answer["found"]
    assert isinstance(found, list)
    assert found[0]["id"] == best.image_id
    table = search("a cup of coffee").stdout
    assert best.image_id in table.replace("\n", "")


@pytest.mark.usefixtures("home")
def test_near_duplicates_are_listed_once(profile: str) -> None:
    embed(profile)
    every = said("--duplicates", "--min-similarity", "-1", "--max-hash-bits", "64")
    assert (every["images"], every["count"]) == (4, 6)
    pairs = every["pairs"]
    assert isinstance(pairs, list)
    closest = {Path(pairs[0][side]["uri"]).stem for side in ("first", "second")}
    assert closest == {"coffee", "cropped-coffee"}
    least = str(pairs[0]["similarity"] - 1e-4)
    assert said("--duplicates", "--min-similarity", least)["count"] == 1
    # Like vectors are no proof: of two pictures that merely share a subject the hashes differ.
    assert said("--duplicates", "--min-similarity", "-1")["count"] == 1
    assert "1 pairs of 4 images" in search("--duplicates", "--min-similarity", least).stdout


@pytest.mark.usefixtures("home")
def test_vectors_of_two_models_do_not_mix(profile: str, clips: Path) -> None:
    other = clips / "other.toml"
    other.write_text(PROFILE.format(weights=clips / "clip-vit-l-14"))
    embed(profile)
    refused = search("a cat", "--profile", str(other))
    assert refused.exit_code == 1
    assert "4 are by open_clip 1 (clip-vit-h-14), whose vectors do not compare" in refused.stderr
    embed(str(other))
    assert said("a cat", "--profile", str(other))["model"] == "open_clip 1 (clip-vit-l-14)"
    assert search("a cat").exit_code == 1


@pytest.mark.usefixtures("home")
def test_without_an_embedder_nothing_is_embedded_and_that_is_said(clips: Path) -> None:
    unbound = clips / "unbound.toml"
    unbound.write_text(PROFILE.partition("[runtime]")[0])
    factory = Factory.open(profile=str(unbound))
    roles = {k: v for k, v in factory.profile.roles.items() if k != "embedder"}
    factory.profile = factory.profile.model_copy(update={"roles": roles})
    report = materialise(ImageEmbeddings(factory, shard=shard_of(factory)))
    assert (report.rows, report.units, report.figures["embedders"]) == (0, 0, 0)
    assert report.notes == ("profile clip binds no embedder: no image is embedded",)


@pytest.mark.usefixtures("home")
def test_a_wrong_question_is_answered_with_the_remedy(profile: str, tmp_path: Path) -> None:
    nothing = search("a cat")
    assert nothing.exit_code == 1
    assert "no image is embedded by open_clip 1 (clip-vit-h-14)" in nothing.stderr
    assert "imgedit run" in nothing.stderr
    assert search().exit_code == 2
    assert search("a cat", "--duplicates").exit_code == 2
    embed(profile)
    (tmp_path / "no.jpg").write_bytes(b"no picture")
    no_picture = search("--image", str(tmp_path / "no.jpg"))
    assert no_picture.exit_code == 1
    assert "not_an_image" in no_picture.stderr
    os.mkfifo(tmp_path / "pipe.png")
    for endless in (tmp_path / "pipe.png", Path("/dev/zero")):
        refused = search("--image", str(endless))
        assert refused.exit_code == 1
        assert "not a regular file" in refused.stderr
    assert search("--like", "0000000").exit_code == 1
