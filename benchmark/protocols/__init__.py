"""Protocols: how outputs are put before a judge, and how its words become scores and figures."""
