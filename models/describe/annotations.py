"""The embedded describer: what the source says of an image, or else only what can be measured."""

import re
from collections.abc import Iterable, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.annotation import Annotation
from models.describe.description import Description
from models.faults import Fault, Reason
from models.geometry import Rgb

_THUMBNAIL_PX = 64
_BORDER_PX = 8

# OpenCV's hue is half degrees, 0 to 179; each name reaches up to the hue beside it.
_HUES = (
    (8, "red"),
    (20, "orange"),
    (34, "yellow"),
    (80, "green"),
    (98, "teal"),
    (130, "blue"),
    (152, "purple"),
    (172, "pink"),
    (180, "red"),
)


def main_colour(image: Rgb) -> str:
    """The commonest colour name in the image's border, where the background mostly lies."""
    size = (_THUMBNAIL_PX, _THUMBNAIL_PX)
    thumbnail = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    border = np.ones(size, np.bool_)
    border[_BORDER_PX:-_BORDER_PX, _BORDER_PX:-_BORDER_PX] = False
    names, counts = np.unique(_names(thumbnail[border]), return_counts=True)
    return str(names[counts.argmax()])


def _names(rgb: NDArray[np.uint8]) -> NDArray[np.str_]:
    """The name of each of n colours, n x 3."""
    hue, saturation, value = cv2.cvtColor(rgb[None], cv2.COLOR_RGB2HSV)[0].T
    limits = [limit for limit, _ in _HUES]
    named = np.array([name for _, name in _HUES])[np.searchsorted(limits, hue, side="right")]
    # Brown is what people call dark orange; the greys are what has no hue to speak of.
    named = np.where((named == "orange") & (value < 170), "brown", named)
    grey = np.select([value < 60, value > 205], ["black", "white"], "grey")
    return np.asarray(np.where((saturation < 40) | (value < 45), grey, named), np.str_)


_SUBJECT = "main subject"
_BACKGROUND = "background"
_SHORT_WORDS = 15
_LOOSE_ENDS = {"a", "an", "the", "and", "or", "of", "in", "on", "at", "by", "to", "with", "its"}
_LEAST_SIDE_PX = 8


class AnnotationDescriber:
    """Repeats a source's caption and nouns; without them it names the main subject and a colour.

    Every noun it returns stands in the caption word for word, which is completed where it has to
    be: later stages look the nouns up there.
    """

    name = "annotations"
    version = "1"

    def setup(self) -> None:
        """Nothing to load."""

    def params(self) -> Mapping[str, object]:
        """Nothing can be set."""
        return {}

    def describe(self, images: Sequence[tuple[Rgb, Annotation]]) -> list[Description | Fault]:
        """A caption with its nouns for each image; a side under 8 pixels is a fault."""
        return [_describe(image, annotation) for image, annotation in images]


def _describe(image: Rgb, annotation: Annotation) -> Description | Fault:
    height, width = image.shape[:2]
    if min(height, width) < _LEAST_SIDE_PX:
        detail = f"{width} x {height} px, {_LEAST_SIDE_PX} px a side are needed to say anything"
        return Fault(reason=Reason.TOO_SMALL, detail=detail)
    objects = _distinct(one.name for one in annotation.objects)
    backgrounds = _distinct(annotation.background_nouns)
    caption = _sentence(annotation.caption)
    if objects:
        caption = _completed(caption or _listing(objects, backgrounds), objects, backgrounds)
    else:
        colour = main_colour(image)
        objects, backgrounds = (_SUBJECT,), backgrounds or (_BACKGROUND,)
        subject = f"the {_SUBJECT} against a mostly {colour} {_BACKGROUND}"
        caption = f"{caption} It shows {subject}." if caption else f"A photograph of {subject}."
        caption = _completed(caption, objects, backgrounds)
    return Description(
        caption=caption,
        short_caption=_shortened(caption),
        object_nouns=objects,
        background_nouns=backgrounds,
    )


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    tidy = (" ".join(name.split()) for name in names)
    return tuple(dict.fromkeys(name for name in tidy if name))


def _sentence(text: str) -> str:
    words = " ".join(text.split())
    return words if not words or words[-1] in ".!?" else words + "."


def _listing(objects: Sequence[str], backgrounds: Sequence[str]) -> str:
    before = f" in front of {_joined([f'the {noun}' for noun in backgrounds])}"
    return f"A picture of {_joined(list(map(_a, objects)))}{before if backgrounds else ''}."


def _completed(caption: str, objects: Sequence[str], backgrounds: Sequence[str]) -> str:
    """The caption with a sentence for the nouns it does not hold."""
    missing = [_a(noun) for noun in objects if not _holds(caption, noun)]
    missing += [f"the {noun}" for noun in backgrounds if not _holds(caption, noun)]
    return f"{caption} It also shows {_joined(missing)}." if missing else caption


def _holds(caption: str, noun: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(noun)}(?!\w)", caption, re.IGNORECASE) is not None


def _a(noun: str) -> str:
    # "scissors" and "glasses" take no article, "a glass" does.
    if noun[-1] in "sS" and not noun.lower().endswith(("ss", "us", "is")):
        return noun
    return f"an {noun}" if noun[0].lower() in "aeiou" else f"a {noun}"


def _joined(phrases: Sequence[str]) -> str:
    if len(phrases) < 2:
        return "".join(phrases)
    return f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def _shortened(caption: str) -> str:
    """The caption, its first sentence, or its first 15 words without a loose end."""
    if len(caption.split()) <= _SHORT_WORDS:
        return caption
    words = re.split(r"(?<=[.!?])\s", caption)[0].split()
    if len(words) <= _SHORT_WORDS:
        return " ".join(words)
    words = words[:_SHORT_WORDS]
    while len(words) > 1 and words[-1].lower().strip(",;:") in _LOOSE_ENDS:
        words.pop()
    return " ".join(words).rstrip(",;: ") + "."
