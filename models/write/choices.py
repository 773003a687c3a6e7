"""The key of what a language model chose, so that painters of closed vocabularies know it too."""

import re
from collections.abc import Mapping

from models.edit_types.spec import EditType, Vocabulary
from models.vocabulary import APPEARANCES, BACKDROPS, STYLES, Target
from models.write.english import head
from models.write.targets import bare

_ARTICLE = re.compile(r"^(?:an?|the|some)\s+", re.IGNORECASE)


def choices(edit_type: EditType) -> Mapping[str, str]:
    """What may be chosen from the type's vocabulary: each key with its words; none for actions."""
    match edit_type.brief.vocabulary:
        case Vocabulary.OBJECT:
            # The catalogue brings its drawings along: only a writer of replacements needs it.
            from models.studio.catalogue import names

            return {name: name for name in names()}
        case Vocabulary.APPEARANCE:
            return {a.key: a.adjective for a in APPEARANCES.values()}
        case Vocabulary.STYLE:
            return {look.key: look.phrase for look in STYLES.values()}
        case Vocabulary.BACKDROP:
            return {look.key: look.phrase for look in BACKDROPS.values()}
        case Vocabulary.OWN:
            return {target.key: target.phrase for target in edit_type.brief.targets}
        case _:
            return {}


def chosen(edit_type: EditType, choice: str, result: str) -> Target:
    """The target that a model means.

    A key of the vocabulary where its words say one exactly, else the words that it chose. An
    object's look is a key of its own beside the object's.

    Args:
        edit_type: Names the vocabulary.
        choice: What was chosen: "bicycle", "dark red", "oil painting".
        result: The noun phrase of the result: "a dark red car".
    """
    words = _ARTICLE.sub("", choice.lower())
    known = choices(edit_type)
    said = {words, _ARTICLE.sub("", result.lower())}
    for key, phrase in known.items():
        if said & {key.lower(), key.replace("_", " "), _ARTICLE.sub("", phrase.lower())}:
            words = key
            break
    if edit_type.brief.vocabulary is not Vocabulary.OBJECT:
        return Target(key=words, phrase=result)
    own_looks = words.split() if words in known else []
    look = _look_before(result, own_looks)
    return Target(key=words if words in known else bare(words), phrase=result, look=look)


def _look_before(phrase: str, besides: list[str]) -> str:
    """The look that stands before the noun of a phrase, but none that belongs to its name."""
    noun = head(phrase)
    words = phrase.lower().split()
    before = words[: words.index(noun)] if noun in words else []
    looks = {form: a.key for a in APPEARANCES.values() for form in (a.key, a.adjective)}
    return next((looks[w] for w in before if w in looks and w not in besides), "")
