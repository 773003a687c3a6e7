import pytest

from models.studio.catalogue import names
from models.write.english import article, command, indefinite, is_plural, pronouns, sentence


@pytest.mark.parametrize(
    ("word", "fitting"),
    [
        *[(word, "an") for word in ("apple", "hour", "umbrella", "x-ray", "8-ball", "Orange")],
        *[(word, "a") for word in ("unicorn", "ukulele", "one-way", "ewe", "user", "euro", "dog")],
        *[(word, "an") for word in ("uncle", "unlit", "urn", "heirloom", "animal")],
    ],
)
def test_the_article_follows_the_sound(word: str, fitting: str) -> None:
    assert article(word) == fitting


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("orange car", "an orange car"),
        ("bowl of cherries", "a bowl of cherries"),
        ("grapes", "some grapes"),
        ("bread", "some bread"),
        ("loaf of bread", "a loaf of bread"),
        ("scissors", "a pair of scissors"),
        ("people", "some people"),
        ("christmas tree", "a Christmas tree"),
        ("bus", "a bus"),
        ("glass of milk", "a glass of milk"),
        ("rhinoceros", "a rhinoceros"),
    ],
)
def test_what_introduces_a_noun(name: str, phrase: str) -> None:
    assert indefinite(name) == phrase


@pytest.mark.parametrize("name", names())
def test_every_catalogue_noun_is_singular(name: str) -> None:
    assert not is_plural(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("old man", ("he", "him")),
        ("woman", ("she", "her")),
        ("women", ("they", "them")),
        ("runner", ("they", "them")),
        ("dog", ("it", "it")),
        ("dogs", ("they", "them")),
        ("man in glasses", ("he", "him")),
    ],
)
def test_pronouns(name: str, expected: tuple[str, str]) -> None:
    assert pronouns(name) == expected


@pytest.mark.parametrize(
    ("action", "verb"),
    [
        ("running", "run"),
        ("riding a bike", "ride a bike"),
        ("sitting on a chair", "sit on a chair"),
        ("waving", "wave"),
        ("raising one hand", "raise one hand"),
        ("dancing", "dance"),
        ("rolling", "roll"),
        ("kneeling", "kneel"),
        ("juggling", "juggle"),
        ("crawling", "crawl"),
        ("meditating", "meditate"),
        ("floating", "float"),
        ("bowing", "bow"),
        ("boxing", "box"),
        ("typing", "type"),
        ("lying down", "lie down"),
        ("singing", "sing"),
        ("lunging", "lunge"),
        ("crossing the road", "cross the road"),
    ],
)
def test_an_action_becomes_a_command(action: str, verb: str) -> None:
    assert command(action) == verb


@pytest.mark.parametrize("action", ["", "in lotus position", "string", "king", "happy"])
def test_what_is_no_action_is_no_command(action: str) -> None:
    assert command(action) == ""


def test_a_sentence_is_tidy() -> None:
    assert sentence("put a/an  orange  ball , here") == "Put an orange ball, here."
    assert sentence("could you?") == "Could you?"
