"""The words that the studio's editor knows: of templates, of the catalogue, and of dialogues."""

import tomllib
from collections.abc import Iterator
from importlib.resources import files

from models.e1.studio_words import Words, content
from models.edit_types.registry import built_in_types
from models.edit_types.templates import SLOTS, variants
from models.studio.catalogue import names
from models.studio.frames import ACTIONS
from models.studio.settings import SETTINGS
from models.vocabulary import APPEARANCES, BACKDROPS, STYLES
from models.write.english import command


def vocabulary() -> Words:
    """All of them, in the alphabet's order."""
    return Words(tuple(sorted({word for text in _texts() for word in content(text) if word})))


def _texts() -> Iterator[str]:
    for edit_type in built_in_types().values():
        for templates in edit_type.brief.templates.values():
            for template in templates:
                yield from variants(template)
    yield from names()
    yield from SLOTS
    for action in ACTIONS:
        yield from (action, command(action))
    for setting in SETTINGS.values():
        yield " ".join((setting.phrase, *setting.nouns))
    for appearance in APPEARANCES.values():
        yield f"{appearance.key} {appearance.adjective}"
    for look in (*STYLES.values(), *BACKDROPS.values()):
        yield look.phrase
    for package, name in (("models.write", "words.toml"), ("models.dialogues", "phrases.toml")):
        yield from _strings(tomllib.loads(files(package).joinpath(name).read_text("utf-8")))


def _strings(table: object) -> Iterator[str]:
    match table:
        case str():
            yield from variants(table)
        case dict():
            for value in table.values():
                yield from _strings(value)
        case list():
            for value in table:
                yield from _strings(value)
