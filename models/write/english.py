"""The little English that templates need: articles, number, pronouns, verb forms, sentences."""

import re

from models.write.words import nouns, proper_words, verbs

A = "a/an"
"""Stands for the indefinite article until the next word is known."""

_ARTICLE = re.compile(re.escape(A) + r"\s+(\S+)")
# Vowel letters that begin with a consonant's sound: a unicorn, a ukulele, a ewe, a one-way sign.
_SOUNDS_CONSONANT = re.compile(r"(uni(?!n|m)|us[aeu]|ut[ei]|uk|ufo|ur[ai]|eu|ew|one\b|once)")
# A silent h, and letters or numbers that are spelt out: an hour, an x-ray, an 8-ball.
_SOUNDS_VOWEL = re.compile(r"([aeiou]|hour|honest|honou?r|heir|[fhlmnrsx]-|8|11\b|18\b)")
_GERUND = re.compile(r"[a-z]*[aeiouy][a-z]*ing")
_DOUBLED = re.compile(r"([bdgmnprt])\1$")  # running, sitting
_SILENT_E = re.compile(
    r"[cvu]$|[aeiou][sz]$|dg$"  # dancing, waving, arguing, raising, judging
    r"|[^aeiourlw]l$"  # juggling; but crawling
    r"|[^aeou]at$"  # meditating; but floating
    r"|^[^aeiouy]*[aeiouy][^aeiouywx]$"  # riding, typing: else the consonant would be doubled
)
_WORD = re.compile(r"[a-z]+")
_LOOSE = re.compile(r"\s+([,.;:?!])")
_PREPOSITION = re.compile(r"\s(?:of|in|on|with|at|from|under|behind)\s")


def article(word: str) -> str:
    """The indefinite article before a word: "an" apple, "a" unicorn."""
    word = word.lower()
    if _SOUNDS_CONSONANT.match(word):
        return "a"
    return "an" if _SOUNDS_VOWEL.match(word) else "a"


def head(name: str) -> str:
    """The noun that rules a phrase: "bowl" of a "bowl of cherries", "bus" of a "red bus"."""
    words = _PREPOSITION.split(name.lower(), maxsplit=1)[0].split()
    return words[-1] if words else ""


def is_plural(name: str) -> bool:
    """Whether a noun phrase names several things."""
    noun = head(name)
    if noun in nouns("plurals") or noun in nouns("pairs"):
        return True
    singular = noun.endswith(("ss", "us", "is")) or noun in nouns("singulars")
    return noun.endswith("s") and not singular


def is_mass(name: str) -> bool:
    """Whether a noun phrase names a substance that is not counted."""
    return head(name) in nouns("mass")


def is_person(name: str) -> bool:
    """Whether a noun phrase names a human being."""
    return any(head(name) in nouns(group) for group in ("people", "male", "female"))


def determiner(name: str) -> str:
    """What introduces the noun: "some" grapes, "a pair of" scissors, else the open article `A`."""
    if head(name) in nouns("pairs"):
        return "a pair of"
    return "some" if is_plural(name) or is_mass(name) else A


def indefinite(phrase: str) -> str:
    """The noun phrase with its article: "an orange car", "some grapes"."""
    return tidy(f"{determiner(phrase)} {phrase}")


def pronouns(name: str) -> tuple[str, str]:
    """The pronoun as a subject and as an object: it and it, he and him."""
    noun = head(name)
    if is_plural(name):
        return "they", "them"
    if noun in nouns("male"):
        return "he", "him"
    if noun in nouns("female"):
        return "she", "her"
    return ("they", "them") if is_person(name) else ("it", "it")


def command(action: str) -> str:
    """An action as a command: "running fast" gives "run fast"; "" where no -ing form begins it."""
    verb, _, rest = action.partition(" ")
    if not _GERUND.fullmatch(verb):
        return ""
    return f"{verbs().get(verb) or _base(verb.removesuffix('ing'))} {rest}".strip()


def _base(stem: str) -> str:
    """The verb of an -ing form without its ending, by the rules of spelling."""
    if _DOUBLED.search(stem):
        return stem[:-1]
    return f"{stem}e" if _SILENT_E.search(stem) else stem


def tidy(text: str) -> str:
    """Articles resolved, spaces single and none before punctuation, proper words in capitals."""
    text = _ARTICLE.sub(lambda match: f"{article(match[1])} {match[1]}", " ".join(text.split()))
    text = _WORD.sub(lambda match: proper_words().get(match[0], match[0]), text)
    return _LOOSE.sub(r"\1", text)


def sentence(text: str) -> str:
    """Tidy text that begins with a capital and ends with a full stop or a question mark."""
    text = tidy(text)
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."
