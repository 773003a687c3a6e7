"""Kills a part of a lab again and again: `python tests/perf/lab_faults.py PART [KILLS [SEED]]`.

PART is `node`, `driver`, `store` or `postgres`. A run on two nodes of Ray, with its home on an
object store and its history in Postgres, is started whenever it has ended, on a new home once it
is finished, until so many kills are done; each home's rows and pixels are then compared with those
of a run on this machine alone. The store is moto's, which keeps all in memory: what is killed is a
relay in front of it, so that every connection is cut, and refused until the relay is back.
"""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[2]))

from resources.home import Home
from tests.programs import IMGEDIT, PAIRS_ALONE, free_port
from tests.resources.lab import Nodes, lab, rows
from tests.resources.postgres_server import Postgres

PROFILE = """
name = "lab"
[sources]
scenes_per_shard = 2
studio_shards = 2
clips_per_shard = 0
photos = false
[edits]
types = ["remove", "alter"]
[checks]
probed_edits = 0
"""
PARTS = ("node", "driver", "store", "postgres")
BETWEEN_S = (2.0, 20.0)
"""From a start or a kill to the next kill."""
DOWN_S = (0.5, 5.0)
LONGEST_S = 900.0


async def _relay(port: int, target: int) -> None:
    """Hand on connections, until killed."""

    async def pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(pour(reader, here), pour(there, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", port) as server:
        await server.serve_forever()


@dataclass(kw_only=True)
class Relay:
    """A process between the lab and its store."""

    target: int
    port: int = field(default_factory=free_port)

    def start(self) -> None:
        relaying = [sys.executable, __file__, "relay", str(self.port), str(self.target)]
        self.process = subprocess.Popen(relaying)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass(kw_only=True)
class Lab:
    """What can be killed."""

    folder: Path
    env: dict[str, str]
    nodes: Nodes
    relay: Relay
    postgres: Postgres | None
    chance: random.Random
    run: "subprocess.Popen[bytes] | None" = None

    def kill(self, part: str) -> None:
        """Kill it, and start it again after a while; a driver is started by `main`."""
        match part:
            case "node":
                self.nodes.end(len(self.nodes.started) - self.chance.choice((1, 2)))
                self.nodes.started = [n for n in self.nodes.started if n.poll() is None]
                self._wait()
                self.nodes.add()
            case "driver":
                assert self.run is not None
                self.run.kill()
            case "store":
                self.relay.kill()
                self._wait()
                self.relay.start()
            case "postgres":
                assert self.postgres is not None
                self.postgres.kill()
                self._wait()
                self.postgres.start()

    def start(self, profile: Path, home: str) -> None:
        """Start a run."""
        with (self.folder / "run.log").open("ab") as log:
            self.run = subprocess.Popen(
                [*IMGEDIT, "run", "--profile", str(profile)],
                env=self.env | {"IMGEDIT_HOME": home},
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    def _wait(self) -> None:
        time.sleep(self.chance.uniform(*DOWN_S))


def _finish(lab: Lab, part: str, kills: int, start: Callable[[], None]) -> tuple[int, int, int]:
    """Run until a run ends well; kills, runs that ended by themselves, and were killed."""
    done = failed = killed = 0
    begun = time.monotonic()
    start()
    while time.monotonic() - begun < LONGEST_S:
        kill_at = time.monotonic() + lab.chance.uniform(*BETWEEN_S)
        assert lab.run is not None
        while lab.run.poll() is None and (time.monotonic() < kill_at or done >= kills):
            time.sleep(0.1)
        if lab.run.poll() is None:
            lab.kill(part)
            done += 1
        elif lab.run.returncode == 0:
            return done, failed, killed
        else:
            was_killed = lab.run.returncode < 0
            killed, failed = killed + was_killed, failed + (not was_killed)
            start()
    raise TimeoutError((lab.folder / "run.log").read_text()[-4000:])


def main(part: str, kills: int = 20, seed: int = 0) -> int:
    """Whether every home came to the rows and pixels of one machine."""
    chance = random.Random(seed)
    with TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        profile = folder / "lab.toml"
        profile.write_text(PROFILE + PAIRS_ALONE)
        alone = os.environ | {"IMGEDIT_HOME": str(folder / "alone")}
        command = [*IMGEDIT, "run", "--profile", str(profile)]
        subprocess.run(command, env=alone, cwd=folder, capture_output=True, check=True)
        wanted = rows(Home.of(str(folder / "alone")))
        with lab(folder) as (env, postgres):
            relay = Relay(target=int(env["AWS_ENDPOINT_URL"].rpartition(":")[2]))
            relay.start()
            env["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{relay.port}"
            nodes = Nodes(folder, env)
            engine = f'[engine]\nkind = "ray"\naddress = "{nodes.address}"\n'
            profile.write_text(PROFILE + PAIRS_ALONE + engine)
            here = Lab(
                folder=folder, env=env, nodes=nodes, relay=relay, postgres=postgres, chance=chance
            )
            done, homes, wrong = 0, 0, 0
            try:
                nodes.add()
                nodes.add()
                while done < kills:
                    home, began = f"s3://bucket/lab-{homes}", time.monotonic()
                    n, failed, killed = _finish(
                        here, part, kills - done, lambda home=home: here.start(profile, home)
                    )
                    done, homes = done + n, homes + 1
                    is_same = rows(Home.of(home)) == wanted
                    wrong += not is_same
                    print(
                        f"{part}: {n} kills, {failed} runs stopped, {killed} were killed, "
                        f"{time.monotonic() - began:.0f} s, "
                        f"{'the same rows and pixels' if is_same else 'OTHER ROWS OR PIXELS'}",
                        flush=True,
                    )
            finally:
                nodes.end_all()
                relay.kill()
    print(f"{part}, seed {seed}: {done} kills, {homes} homes, {wrong} of them other than alone")
    return int(wrong > 0)


if __name__ == "__main__":
    if sys.argv[1] == "relay":
        asyncio.run(_relay(*map(int, sys.argv[2:])))
    elif sys.argv[1] in PARTS:
        sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
    else:
        sys.exit(f"there is no {sys.argv[1]} to kill: {', '.join(PARTS)}")
