"""Render, train, calibrate, export, measure, and write the model card."""

import argparse
import logging
import time
from pathlib import Path

from models.embed.studio import FOLDER, StudioEmbedder
from models.embed.studio_training.calibrate import calibrate
from models.embed.studio_training.captions import train_tokenizer
from models.embed.studio_training.evaluate import Course, evaluate, write_card
from models.embed.studio_training.export import export
from models.embed.studio_training.material import material
from models.embed.studio_training.train import Settings, train

log = logging.getLogger("studio_training")


def main() -> None:
    """Run the whole training."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    asked = _arguments()
    settings = Settings(threads=asked.threads)
    made = material(asked.cache, workers=asked.workers, seed=settings.seed)
    start = time.monotonic()
    tokenizer = train_tokenizer()
    model = train(made.lessons, tokenizer, settings)
    calibrate(model, tokenizer, made.validation, settings.seed)
    train_s = time.monotonic() - start
    export(model, tokenizer, asked.folder)
    embedder = StudioEmbedder(folder=asked.folder)
    embedder.setup()
    findings = evaluate(embedder, made.held_out, settings.seed)
    course = Course(train_s=train_s, workers=asked.workers, settings=settings)
    write_card(asked.folder / "README.md", made, findings, course)
    log.info("top-1 on held-out crops: %s", findings.top1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m models.embed.studio_training")
    add = parser.add_argument
    add("--folder", type=Path, default=FOLDER, help="where the network is written")
    add(
        "--cache",
        type=Path,
        help="keeps renders here for the next time; empty it when the studio changes",
    )
    add("--workers", type=int, default=2, help="processes that render")
    add("--threads", type=int, default=Settings().threads, help="threads that train")
    return parser.parse_args()


if __name__ == "__main__":
    main()
