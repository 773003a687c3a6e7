"""What a run's config can say, as whoever reaches the webserver may write it."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from imgedit_assets.definitions import defs

JOBS = sorted(job.name for job in defs.get_repository_def().get_all_jobs())
OP = "materialise_everything"


def typed(kind: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """The path and kind of every part of a config's type."""
    yield path, kind.kind.value
    for name, field in (getattr(kind, "fields", None) or {}).items():
        yield from typed(field.config_type, (*path, name))
    if inner := getattr(kind, "inner_type", None):
        yield from typed(inner, path)


def parts(job: str) -> list[tuple[tuple[str, ...], str]]:
    return list(typed(defs.resolve_job_def(job).run_config_schema.config_type))


@pytest.mark.parametrize("job", JOBS)
def test_no_part_of_it_is_looked_up_in_the_environment(job: str) -> None:
    # A type that takes a value or {"env": NAME}.
    assert not [path for path, kind in parts(job) if kind == "SCALAR_UNION"]


@pytest.mark.parametrize("job", JOBS)
def test_resources_have_no_settings(job: str) -> None:
    settings = [path for path, _ in parts(job) if path[:1] == ("resources",) and len(path) > 3]
    assert not settings
    assert (("resources", "factory", "config"), "STRICT_SHAPE") in parts(job)


@pytest.mark.parametrize("job", JOBS)
def test_ops_take_only_names_of_rows_shards_and_edit_types_and_no_or_yes(job: str) -> None:
    taken = {path[3:] for path, _ in parts(job) if path[:1] == ("ops",) and len(path) > 3}
    names = {("row_id",), ("edit_types",), ("shards",), ("release",), ("editors",)}
    assert taken <= names


@pytest.mark.parametrize(
    ("job", "config"),
    [
        ("everything", {"resources": {"factory": {"config": {"home": "/tmp/theirs"}}}}),
        ("everything", {"resources": {"factory": {"config": {"profile": "/tmp/theirs.toml"}}}}),
        ("everything", {"ops": {OP: {"config": {"image_folders": ["/etc"]}}}}),
        ("everything", {"ops": {OP: {"config": {"shards": [{"env": "PATH"}]}}}}),
        ("everything", {"ops": {OP: {"config": {"release": "/tmp/theirs"}}}}),
        ("trace_sample", {"ops": {"sample_trace": {"config": {"row_id": {"env": "PATH"}}}}}),
    ],
)
def test_home_profile_paths_and_variables_are_refused(job: str, config: dict[str, Any]) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError):
        dg.validate_run_config(defs.resolve_job_def(job), config)


def test_shards_and_edit_types_are_taken() -> None:
    config = {"ops": {OP: {"config": {"shards": ["a"], "edit_types": ["remove"]}}}}
    assert dg.validate_run_config(defs.resolve_job_def("everything"), config)
