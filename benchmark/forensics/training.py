"""`python -m benchmark.forensics.training`: trains the embedded detector, and measures it.

Positives are what the embedded painters make of studio scenes and of the photographs of installed
packages; negatives are the same pictures untouched. Both go through the same codec, drawn for
each source, so that it is no cue. A source stands on one side alone: it is trained on, or held out.
The numbers of the scenes are far from those of any pool or suite.
"""

import argparse
import json
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from multiprocessing import get_context
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np

from benchmark.agreement import wilson
from models.detect.detection import Found
from models.faults import Fault
from models.forensics.embedded import WEIGHTS, TraceWeights
from models.forensics.traces import Numbers, traces
from models.geometry import Bitmap, Box, Rgb
from models.images import decode
from models.paint.classical import ClassicalPainter
from models.painting import PaintRequest
from models.segment.grabcut import GrabCutSegmenter
from models.segment.segmentation import SegmentRequest
from models.studio.catalogue import names
from models.studio.scene import make_scene, render, visible_masks
from models.vocabulary import APPEARANCES, BACKDROPS, STYLES, PaintKind, Target
from resources.reading import read_regular
from resources.sources.photos import PackagePhotos, package_file

log = logging.getLogger("forensics_training")

_FIRST_SCENE = 4_000_000_000
_KINDS = tuple(kind for kind in PaintKind if kind is not PaintKind.FRAME)
_SCENES = 170
_HELD_OUT_OF = 3
"""One source in so many is held out."""
_EDITS = 2
"""Of each scene; of a photograph every kind, for there are few."""
_LEAST_PX = 1500
"""Of an object that is edited."""
_GROW_PX = 8
_C = 0.1
"""Of 0.0001 to 1, by five-fold cross-validation over the sources that are trained on."""
_THRESHOLD = 0.5

Sample = tuple[str, str, Numbers]
"""The source, the kind of edit or "" for none, and the traces."""


def samples_of(source: str) -> list[Sample]:
    """The traces of one source, untouched and edited."""
    cv2.setNumThreads(1)
    chance = np.random.default_rng(crc32(source.encode()))
    is_photo = source.startswith("package:")
    image, masks = _photo(source) if is_photo else _scene(int(source))
    quality = 0 if chance.uniform() < 0.4 else int(chance.integers(75, 99))
    kinds = _KINDS if is_photo else chance.permutation(_KINDS)[:_EDITS]
    found = [(source, "", traces(_coded(image, quality)))]
    for kind in map(PaintKind, kinds):
        edited = _edited(image, masks, kind, chance)
        if edited is not None:
            found.append((source, str(kind), traces(_coded(edited, quality))))
    return found


def _scene(index: int) -> tuple[Rgb, list[Bitmap]]:
    """A scene and the masks of its objects; every second scene has at most two."""
    scene = make_scene(index)
    if index % 2:
        scene = replace(scene, objects=scene.objects[-1 - index // 2 % 2 :])
    return render(scene), [m for m in visible_masks(scene) if np.count_nonzero(m) > _LEAST_PX]


def _photo(uri: str) -> tuple[Rgb, list[Bitmap]]:
    item = next(item for item in PackagePhotos().items() if item.uri == uri)
    image = decode(read_regular(package_file(uri)))
    boxed = item.annotation.objects if item.annotation else ()
    found = tuple(
        Found(name=o.name, kind="object", box=Box(*map(round, o.box)), score=1.0) for o in boxed
    )
    (cut,) = GrabCutSegmenter().segment([SegmentRequest(image=image, found=found)])
    return image, [] if isinstance(cut, Fault) else [each.mask for each in cut if each.mask.any()]


def _edited(
    image: Rgb, masks: Sequence[Bitmap], kind: PaintKind, chance: np.random.Generator
) -> Rgb | None:
    """The picture with one edit; None where the painter cannot make it."""
    if not masks:
        return None
    mask = masks[int(chance.integers(len(masks)))]
    if kind is PaintKind.STYLISE:
        mask = np.ones_like(mask)
    elif kind is PaintKind.BACKDROP:
        mask = ~mask
    request = PaintRequest(
        kind=kind,
        image=image,
        mask=mask,
        name="",
        target=_target(kind, chance),
        grow_px=_GROW_PX,
        seed=int(chance.integers(2**31)),
    )
    (painting,) = ClassicalPainter().paint([request])
    if isinstance(painting, Fault):
        return None
    edited = image.copy()
    part = edited[painting.box.slices]
    part[painting.alpha] = painting.rgb[painting.alpha]
    return edited


def _target(kind: PaintKind, chance: np.random.Generator) -> Target:
    keys = {
        PaintKind.INSERT: names(),
        PaintKind.RECOLOUR: tuple(APPEARANCES),
        PaintKind.BACKDROP: tuple(BACKDROPS),
        PaintKind.STYLISE: tuple(STYLES),
    }.get(kind, ("",))
    key = keys[int(chance.integers(len(keys)))]
    return Target(key=key, phrase=key)


def _coded(image: Rgb, quality: int) -> Rgb:
    """After JPEG of that quality; 0 for none."""
    if not quality:
        return image
    data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return decode(data.tobytes())


def main() -> None:
    """Make the samples, train, measure on what was held out, and write the weights."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = argparse.ArgumentParser(prog="python -m benchmark.forensics.training")
    parser.add_argument("--file", type=Path, default=WEIGHTS, help="where the weights go")
    parser.add_argument("--workers", type=int, default=2, help="processes that paint")
    asked = parser.parse_args()
    sources = [item.uri for item in PackagePhotos().items()]
    sources += [str(_FIRST_SCENE + number) for number in range(_SCENES)]
    # A process that was forked can wait forever for a lock that a thread of OpenCV's held.
    with ProcessPoolExecutor(asked.workers, mp_context=get_context("spawn")) as pool:
        samples = [each for some in pool.map(samples_of, sources) for each in some]
    learnt = trained(samples)
    asked.file.write_text(json.dumps(asdict(learnt), indent=1) + "\n", encoding="utf-8")
    log.info("held out: %s", json.dumps(learnt.held_out, indent=1))


def trained(samples: Sequence[Sample]) -> TraceWeights:
    """The classifier of two thirds of the sources, measured on the others."""
    from sklearn.linear_model import LogisticRegression

    known = [one for one in samples if not _is_held_out(one[0])]
    values = np.stack([found for _, _, found in known])
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-6
    model = LogisticRegression(C=_C, class_weight="balanced", max_iter=5000)
    model.fit((values - mean) / spread, [bool(kind) for _, kind, _ in known])
    held = [one for one in samples if _is_held_out(one[0])]
    values = np.stack([found for _, _, found in held])
    says = model.predict_proba((values - mean) / spread)[:, 1] >= _THRESHOLD
    return TraceWeights(
        mean=tuple(mean.tolist()),
        spread=tuple(spread.tolist()),
        weight=tuple(model.coef_[0].tolist()),
        bias=float(model.intercept_[0]),
        trained_on={"sources": len({source for source, _, _ in known}), "pictures": len(known)},
        held_out=dict(_measured([kind for _, kind, _ in held], says.tolist())),
    )


def _is_held_out(source: str) -> bool:
    return crc32(source.encode()) % _HELD_OUT_OF == 0


def _measured(kinds: Sequence[str], says: Sequence[bool]) -> Iterator[tuple[str, dict[str, float]]]:
    """Recall of all edits and of each kind, and the false-positive rate."""
    groups: dict[str, set[str]] = {"recall": {*_KINDS}, "false_positive_rate": {""}}
    groups |= {f"recall of {kind}": {kind} for kind in _KINDS}
    for name, wanted in groups.items():
        own = [said for kind, said in zip(kinds, says, strict=True) if kind in wanted]
        yield name, asdict(wilson(sum(own), len(own)))


if __name__ == "__main__":
    main()
