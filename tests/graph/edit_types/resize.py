"""Resize: the object becomes twice as large, or half as large, where it stands."""

from models.edit_types.spec import Brief, EditType, Family, RegionRule, Rubric, Step, Vocabulary
from models.painting import Painting, PaintRequest
from models.vocabulary import Target

FACTORS = {"twice": 2.0, "half": 0.5}


def paint_resized(request: PaintRequest) -> Painting:
    """Erase the object, then put it back at its new size, standing where it stood."""
    from models.paint.cutout import cut_out  # imported late: this file is read at every start
    from models.paint.erase import erase

    thing = cut_out(request.image, request.mask).scaled(FACTORS[request.target.key])
    thing = thing.moved_into(request.image)
    bare = erase(request.image, request.mask, grow_px=min(request.mask.shape) // 128)
    result = request.image.copy()
    result[bare.window.slices] = bare.rgb
    thing.paste(result)
    return Painting.between(request.image, result)


EDIT_TYPE = EditType(
    name="resize",
    title="Resize an object",
    family=Family.LOCAL,
    regions=RegionRule(kind="object", max_area_frac=0.04),  # four times as much when doubled
    brief=Brief(
        task="Ask for the named object to be twice or half as large; say where it is.",
        vocabulary=Vocabulary.OWN,
        targets=(
            Target(key="twice", phrase="twice as large"),
            Target(key="half", phrase="half as large"),
        ),
        templates={
            "terse": ("Make the {name} {target}.", "[Show|Make] the {name} {place} {target}."),
            "plain": ("[Please make|I want] the {thing} {target}.",),
            "detailed": ("The {thing} should be {target}, but stay where {they} {is}.",),
        },
    ),
    steps=(Step(paint=paint_resized, grow_px=256),),  # as far as a larger object may reach
    rubric=Rubric(
        adherence="5: exactly the size asked for. 3: too much or too little. 1: as before.",
        quality="5: sharp, sound edges. 3: soft, or a trace of the old one. 1: broken.",
        preservation="5: the same object, all else as before. 3: small marks. 1: another scene.",
    ),
    benchmark_task="",
)
