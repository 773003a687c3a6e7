"""Options of `imgedit run` and those that commands share, with help texts that teach."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

Images = Annotated[
    list[Path] | None,
    typer.Option(
        exists=True,
        file_okay=False,
        metavar="DIR",
        help="Ingest a folder of images, with its subfolders. May be given several times. Once you "
        "name a source, the profile's own (studio, photos) are left out unless you ask for them.",
    ),
]
Coco = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        metavar="FILE",
        help="COCO annotations (boxes, names, captions) of the images in --images. Without them, "
        "each photograph's main subject is its one region.",
    ),
]
Tables = Annotated[
    list[Path] | None,
    typer.Option(
        "--table",
        exists=True,
        dir_okay=False,
        metavar="FILE",
        help="A Parquet or CSV file in LAION's columns: URL (or a local path), TEXT, and so on. "
        "Paths stay in the table's folder, unless --allow-paths says more. What WIDTH, HEIGHT or "
        "AESTHETIC put below the profile's thresholds is not fetched.",
    ),
]
AllowPaths = Annotated[
    list[Path] | None,
    typer.Option(
        exists=True,
        file_okay=False,
        metavar="DIR",
        help="A folder that the paths of --table may lead to as well; others are rejected, so that "
        "a stranger's table pulls no private file into a release. May be given several times.",
    ),
]
Videos = Annotated[
    list[Path] | None,
    typer.Option(
        "--video",
        exists=True,
        metavar="PATH",
        help="A video file, or a folder of frames, for motion change.",
    ),
]
Studio = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        help="Shards of studio scenes: illustrated, seeded, with known truth; the same for "
        "everyone. Default: what the profile says, or 0 once you name a source.",
    ),
]
Photos = Annotated[
    bool | None,
    typer.Option(
        "--photos/--no-photos",
        show_default=False,
        help="Whether to use the photographs that installed packages bring.",
    ),
]
ProfileName = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME|FILE",
        help="Which backends and thresholds: a profile's name, or a .toml file that states what "
        "differs from `embedded`. Default: IMGEDIT_PROFILE, or `embedded`.",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else.")
]
EditTypes = Annotated[
    list[str] | None,
    typer.Option(
        metavar="A,B",
        help="Only these edit types, such as remove,replace. Default: all that the profile makes.",
    ),
]
Shards = Annotated[
    list[str] | None,
    typer.Option(
        metavar="A,B",
        help="Only these shards, of sources ingested before; `imgedit status` lists them.",
    ),
]
ShardSize = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=4000,
        metavar="N",
        help="Images in one new shard. Images keep the shard that they were first given.",
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="At most this many images of each source."),
]


def names(given: Sequence[str] | None) -> tuple[str, ...]:
    """Names from a repeatable option that takes comma lists."""
    names = (name.strip() for text in given or () for name in text.split(","))
    return tuple(dict.fromkeys(name for name in names if name))
