"""Profiles of others: what is not understood is one line, and what is a key is never shown."""

import os
import re
from pathlib import Path

import pytest

from resources.pasted_keys import holds_a_key, names_a_secret, variable_problem, without_keys
from resources.profile import MAX_BYTES, ProfileError, load_profile, profile_names

OPENAI = '[chats.gpt]\nbackend = "openai"\nmodel = "m"\n'
MARKER = "sk-proj-Nobody0May1See2This3"


def refused(folder: Path, text: str | bytes) -> str:
    """What is said of a profile of this text: one line, in which no key stands."""
    file = folder / "mine.toml"
    file.write_bytes(text if isinstance(text, bytes) else f'name = "mine"\n{text}'.encode())
    with pytest.raises(ProfileError) as caught:
        load_profile(str(file))
    said = str(caught.value)
    assert said.startswith(f"profile {file}: ")
    assert "\n" not in said
    assert len(said) < 500
    assert MARKER not in said
    return said


def test_the_profiles_that_ship_are_all_understood() -> None:
    for name in profile_names():
        assert load_profile(name).name == name


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[images]\nmin_aesthetic = nan", r"images\.min_aesthetic: nan"),
        ('[images]\nmin_aesthetic = "nan"', r"images\.min_aesthetic: .*finite"),
        ("[images]\nmin_aesthetic = -inf", r"images\.min_aesthetic: -inf"),
        ("[images]\nmin_short_side_px = 20000", r"min_short_side_px is 20000.*max_pixels"),
        ("[accept]\nmin_score = nan", r"accept\.min_score: nan"),
        ("[sources]\nframe_every_s = inf", r"sources\.frame_every_s: inf"),
        ("[engine]\nmemory_gb = inf", r"engine\.memory_gb: inf"),
        ("[engine]\nlanes = 1000000000", r"engine\.lanes: .*256"),
        ("[engine]\nreaders = 0", r"engine\.readers: .*1 .*got 0"),
        (f"[engine]\nlanes = 1{'0' * 400}", r"engine\.lanes: .*64 bits"),
        (f"[engine]\nlanes = 1{'0' * 5000}", "4300 digits"),
        ("[regions]\nobject_min_area_frac = nan", r"object_min_area_frac: nan"),
        ("[regions]\nobject_min_area_frac = 0.9", "object_max_area_frac 0.6: raise the latter"),
        ("[release]\nvalidation_frac = 0.9\ntest_frac = 0.9", "0.9 and test_frac 0.9: .*train on"),
        ("[release]\nvalidation_frac = 0.5\ntest_frac = 0.5", "less than 1 together"),
        ("[runtime]\nloras = ['x@nan']", "'x@nan'.*strength"),
        (f"{OPENAI}budget_usd = nan", r"chats\.gpt\.budget_usd: nan"),
        ("[roles.judge]\nbackend = 'chat'\nlimits = [1.0, nan]", r"roles\.judge\.limits\.1: nan"),
        ("[roles.judge]\nbackend = 5", r"roles\.judge\.backend: .*valid string"),
        ("[roles]\njudge = 5", r"roles\.judge: .*got 5"),
        ("[regions]\nobject_min_area = 1", "did you mean 'object_m"),
    ],
)
def test_a_value_that_cannot_be_meant_is_one_line(tmp_path: Path, text: str, told: str) -> None:
    assert re.search(told, refused(tmp_path, text))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 100_000,
        "x = " + "{a=" * 3000 + "1" + "}" * 3000,
        "a." * 400_000 + "a = 1",
        "[" + "a." * 200 + "a]",
        "roles.judge." + "x." * 60 + "x = 1\nroles.judge.y = " + "[" * 70 + "]" * 70,
    ],
)
def test_deep_tables_are_one_line_at_once(tmp_path: Path, text: str) -> None:
    assert "nests too deep" in refused(tmp_path, text)


def test_bytes_that_are_no_text_and_too_many_are_one_line(tmp_path: Path) -> None:
    assert "not TOML" in refused(tmp_path, b"\xff\xfe")
    assert f"more than the {MAX_BYTES} allowed" in refused(tmp_path, b"#" * (MAX_BYTES + 1))


@pytest.mark.timeout(10)
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.toml")
    (tmp_path / "device.toml").symlink_to("/dev/zero")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    for name in ("fifo", "device", "folder"):
        with pytest.raises(ProfileError, match="not a regular file"):
            load_profile(str(tmp_path / f"{name}.toml"))
    for name in ("loop.toml", "absent.toml", "nul\0.toml"):
        with pytest.raises(ProfileError, match="give the path"):
            load_profile(str(tmp_path / name))
    with pytest.raises(ProfileError, match="choose one of"):
        load_profile("../profiles/embedded")


@pytest.mark.parametrize(
    "text",
    [
        f'{OPENAI}key_env = "{MARKER}"',
        f'{OPENAI}api_key = "{MARKER}"',
        f'{OPENAI}apiKey = "{MARKER}"',
        f'{OPENAI}password = "{MARKER}"',
        f'{OPENAI}extra = {{ headers = {{ Authorization = "Bearer {MARKER}" }} }}',
        f'{OPENAI}base_url = "https://someone:{MARKER}@example.invalid/v1"',
        f'{OPENAI}base_url = "https://example.invalid/v1?api-key={MARKER}"',
        f'{OPENAI}model = "{MARKER}"',
        f'[roles.painter]\nbackend = "workflows"\n[roles.painter.erase]\ntoken = "{MARKER}"',
        f'description = "{MARKER}"',
        f'[engine]\nlanes = "{MARKER}"',
        f'[engine]\npassword = "{MARKER}"',
        f'[engine]\n"{MARKER}" = 1',
    ],
)
def test_a_key_in_a_profile_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    refused(tmp_path, text)


def test_a_refused_key_names_the_remedy(tmp_path: Path) -> None:
    assert "OPENAI_API_KEY" in refused(tmp_path, f'{OPENAI}key_env = "{MARKER}"')
    assert "key_env" in refused(tmp_path, f'{OPENAI}api_key = "short"')
    plain = "0123456789abcdef0123456789abcdef"
    assert plain not in refused(tmp_path, f'{OPENAI}key_env = "{plain}"')
    assert "anything" not in refused(tmp_path, '[chats]\ngpt = [{ note = "anything" }]')


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "MY_KEY_2", "hf_token", "OpenAiKey", "AZURE_KEY_EASTUS2", "_", ""]
)
def test_names_of_variables_pass(name: str) -> None:
    assert variable_problem(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        *("sk-abcdefgh", "gsk_AbCd1234AbCd1234AbCd", "a3f9c0d1e2b4a5968778695a4b3c2d1e"),
        *("two words", "1KEY", "KEY=value", "AbCdEfGhIjKlMnOpQrStUvWx", "NAME\n", 5, None, ["A"]),
    ],
)
def test_what_is_no_name_of_a_variable_is_refused(name: object) -> None:
    problem = variable_problem(name)
    assert problem
    assert str(name) not in problem


def test_settings_that_count_tokens_hold_no_secret() -> None:
    kept = ("max_new_tokens", "token_limit_key", "batch_tokens", "stop_token", "key_frames")
    assert not any(map(names_a_secret, kept))
    assert all(map(names_a_secret, ("api_key", "X-Api-Key", "accessToken", "client_secret")))


def test_names_of_checkpoints_and_files_hold_no_key() -> None:
    kept = ("owner/name@v1:sub/file", "/models/sk-learn-export", "folder@0.8", "hf_models/large")
    assert not any(map(holds_a_key, kept))
    assert without_keys("https://u:p@h/x?a=1&token=t#f") == "https://***@h/x?a=1&token=***#f"


def test_the_benchmark_s_editors_are_the_variants_of_their_names(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = (
        'name = "mine"\n[editors]\nmine = { kind = "e1" }\nold = { kind = "e1", enabled = false }\n'
        '[benchmark]\neditors = [{ name = "blank" }, { name = "mine" }, { name = "old" }, '
        '{ name = "again", trained = "NAME" }]\n'
    )
    path.write_text(text.replace("NAME", "mine"))
    profile = load_profile(str(path))
    assert profile.benchmark.keys["editor"] == ("blank", "mine", "again")
    assert profile.benched == ("mine",)
    path.write_text(text.replace("NAME", "yours"))
    with pytest.raises(ProfileError, match=r"no \[editors.yours\]; there is"):
        load_profile(str(path))
