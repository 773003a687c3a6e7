"""The Dagster asset graph and the `imgedit` command line."""
