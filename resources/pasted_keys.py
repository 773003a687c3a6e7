"""Keys where they do not belong: pasted into a profile, or on their way into a text.

A profile is shown by `imgedit doctor`, quoted in errors and copied into recipes, so no key may
stand in it: it names the environment variable that holds one. What is refused here is never quoted.
"""

import re

_KEY = re.compile(
    r"""(?<![A-Za-z0-9])(?:
        (?:sk|xai|nvapi|pplx|glpat|csk)-(?!learn)[\w-]{8,}   # OpenAI, Anthropic, NVIDIA and others
        | (?:gh[pousr]|github_pat|hf|gsk|r8|sk|rk|tgp)_(?:(?:live|test|v1)_)?[A-Za-z0-9]{16,}
        | AKIA[A-Z0-9]{12,} | AIza[\w-]{20,} | xox[abprs]-[\w-]{8,}
        | eyJ[\w-]{10,}\.[\w-]+\.[\w-]+                      # a JSON web token
        | [Bb]earer\s+\S{8,}
    )""",
    re.VERBOSE,
)
_IN_ADDRESS = re.compile(
    r"""(?P<before>://)[^/\s?\#@]*(?:@[^/\s?\#@]*)*(?P<after>@)
    | (?P<name>[?&][\w.-]*(?:key|token|secret|sig|signature|password)=)[^&\s\#]+""",
    re.VERBOSE | re.IGNORECASE,
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORD_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|-")
_SECRET_NAME = re.compile(
    r"""(?:.*_)?(?:api|access|secret|auth)?_?(?:keys?|secrets?|pass(?:word|wd|phrase)s?)
    | (?:.*_)?(?:credentials?|authorization|bearer)
    | (?:.*_)?(?:access|api|auth|bearer|hf|hub|id|refresh|session|user)_?tokens? | token""",
    re.VERBOSE,
)
_NO_SECRETS = frozenset({"token_limit_key", "cache_key", "prompt_cache_key"})
_LONGEST_SHOWN = 80


def names_a_secret(name: str) -> bool:
    """Whether a setting of this name would hold a key: `api_key`, `password`, `X-Auth-Token`."""
    words = _WORD_BORDER.sub("_", name).lower()
    return words not in _NO_SECRETS and _SECRET_NAME.fullmatch(words) is not None


def holds_a_key(text: str) -> bool:
    """Whether a text holds what looks like a key, or an address with a password or a token."""
    return _KEY.search(text) is not None or _IN_ADDRESS.search(text) is not None


def without_keys(text: str) -> str:
    """A text with stars in place of what looks like a key."""
    starred = _IN_ADDRESS.sub(lambda m: f"{m['before'] or m['name']}***{m['after'] or ''}", text)
    return _KEY.sub("***", starred)


def variable_problem(name: object) -> str:
    """What is wrong with the name of an environment variable that holds a key; empty for nothing.

    The text never holds the name, which may be the key itself.
    """
    if not isinstance(name, str):
        return "it is no text; write the name of the environment variable that holds the key"
    if not name or (_VARIABLE.fullmatch(name) and not _is_random(name)):
        return ""
    return (
        "it looks like a key, or is no name of a variable (its value is not shown); write the name "
        "of the environment variable that holds the key, such as OPENAI_API_KEY"
    )


def _is_random(name: str) -> bool:
    """Whether a name has a part that nobody would spell: long, with digits or capitals in it."""
    if _KEY.search(name):
        return True
    parts = [part.rstrip("0123456789") or part for part in name.split("_")]
    return any(
        len(part) >= 32
        or (len(part) >= 16 and any(c.isdigit() for c in part))
        or (len(part) >= 20 and not (part.isupper() or part.islower()))
        for part in parts
    )


def shown(value: object) -> str:
    """A value of a profile in an error: its beginning, without keys; of a collection its kind."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "an array"
    text = without_keys(repr(value))
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
