"""Render pairs, train on them, and write the editor with its recipe and its curve.

    python -m models.e1.studio_training --cache /tmp/pairs

Rendered pairs are kept in the cache, so that a run that was ended need not draw them again.
"""

import argparse
import logging
import shutil
from dataclasses import asdict, replace
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from models.e1.studio_training.cache import Cache, render
from models.e1.studio_training.export import export
from models.e1.studio_training.train import SHARES, Settings, train
from models.e1.studio_training.vocabulary import vocabulary
from models.e1.studio_words import STUDIO

if TYPE_CHECKING:
    from models.e1.networks import E1Network


def main() -> None:
    """Run the whole training."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    asked = _arguments()
    workers = [
        get_context("spawn").Process(
            target=_render, args=(asked.cache, asked.shards, n, asked.workers)
        )
        for n in range(asked.workers)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    phases = ((0.0, 96),) if asked.begin else Settings().phases
    settings = replace(
        Settings(), pairs=asked.pairs, threads=asked.threads, rate=asked.rate, phases=phases
    )
    work = asked.folder.with_name(f".{asked.folder.name}")
    work.mkdir(parents=True, exist_ok=True)
    cache, words = Cache(asked.cache), vocabulary()
    network = train(cache, words, _network(settings.seed, asked.begin), work, settings)
    recipe = {
        "kind": "studio_training",
        "settings": asdict(settings),
        "shares": SHARES,
        "rendered": len(cache),
        "begun": str(asked.begin or ""),
        "torch": version("torch"),
        "diffusers": version("diffusers"),
    }
    export(network, words, asked.folder, recipe)
    shutil.copy(work / "curve.csv", asked.folder / "curve.csv")
    shutil.rmtree(work)


def _network(seed: int, begin: Path | None) -> "E1Network":
    import torch

    from models.e1.folder import config_said, load_network
    from models.e1.networks import E1Network
    from models.e1.studio_painter import StudioPainter, WordTower

    if begin is not None:
        return load_network(begin, config_said(begin), "float32")
    torch.manual_seed(seed)
    return E1Network(StudioPainter(), {"reader": WordTower()}, None)


def _render(cache: Path, shards: int, first: int, step: int) -> None:
    import cv2

    cv2.setNumThreads(1)
    render(cache, shards, first=first, step=step)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m models.e1.studio_training")
    add = parser.add_argument
    add("--folder", type=Path, default=STUDIO, help="where the editor is written")
    add("--cache", type=Path, required=True, help="keeps rendered pairs")
    add("--shards", type=int, default=80, help="files of rendered pairs, 240 in each")
    add("--workers", type=int, default=2, help="processes that render")
    add("--pairs", type=int, default=Settings().pairs, help="that are shown in all")
    add("--rate", type=float, default=Settings().rate, help="the highest learning rate")
    add("--threads", type=int, default=Settings().threads, help="threads that train")
    add("--begin", type=Path, help="an editor whose weights it goes on from, at 96 px")
    return parser.parse_args()


if __name__ == "__main__":
    main()
