"""`imgedit agree`: whether a judge orders the results of published benches as people do."""

from dataclasses import asdict
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from imgedit_assets.cli import options
from imgedit_assets.cli.terminal import out, print_json, tell

if TYPE_CHECKING:
    from imgedit_assets.judging.trying import Asked
    from resources.factory import Factory


def agree(
    sets: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="NAME=FOLDER",
            help="A published bench: editscore, tiger, genai or vcreward. May be given again.",
        ),
    ],
    variant: Annotated[
        str | None,
        typer.Option(help="A trained judge, [judges.<name>].", show_default="the profile's judge"),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="The most comparisons of each bench.")
    ] = None,
    profile: options.ProfileName = None,
    json: options.Json = False,
) -> None:
    """Try a judge on published comparisons, read from folders as they are published.

    Their pictures come without masks and without what was meant, so a judge that measures pixels
    fails at all of them: name one that reads the instruction.

        imgedit agree --set editscore=EditReward-Bench --profile open
        imgedit agree --set tiger=EditReward-Bench --set vcreward=VCReward-Bench --variant qwen_lora
    """
    named = [one.partition("=") for one in sets]
    if wrong := [one for one, (name, _, folder) in zip(sets, named, strict=True) if not folder]:
        msg = f"{wrong[0]!r}: give a bench's name and its folder, as in tiger=EditReward-Bench"
        raise typer.BadParameter(msg, param_hint="--set")
    from benchmark.public_sets import compared
    from benchmark.suites.pictures import Pictures
    from imgedit_assets.judging.benches import bench_markdown, try_bench
    from imgedit_assets.judging.published import MIXED
    from resources.factory import Factory

    factory = Factory.open(profile=profile)
    judge, found = _judge(factory, variant), {}
    with TemporaryDirectory() as cache:
        for name, _, folder in named:
            pairs = compared(name, Path(folder).expanduser(), Pictures(cache=Path(cache) / name))
            tell(f"asking about {name}")
            found[name] = try_bench(judge, islice(pairs, limit), factory.edit_types[MIXED])
    factory.close()
    if json:
        print_json({name: [asdict(one) for one in some] for name, some in found.items()})
        return
    for name, some in found.items():
        out().print(bench_markdown(name, some), markup=False)


def _judge(factory: "Factory", variant: str | None) -> "Asked":
    """A variant's last checkpoint, or the profile's own judge; set up.

    Raises:
        ImgEditError: There is no such checkpoint, or it cannot judge.
    """
    if variant is None:
        return factory.backend("judge")
    from resources.trained_judge import TrainedVariant

    judge = TrainedVariant(variant=variant, judges=factory.home.judges, host=factory)
    judge.setup()
    return judge
