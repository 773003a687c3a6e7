"""Models and pure image code: imports nothing of ours, and no Dagster."""
