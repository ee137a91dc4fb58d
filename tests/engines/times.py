# SPDX-License-Identifier: Apache-2.0
"""The time that single commands of engines take on each runtime, in turns; a table of medians in milliseconds."""
import itertools
import statistics
import time

from docker_items import Docker
from harness import Failed, Skip
from podman_items import Podman
from world import IMAGE


def measured(engine, words):
    began = time.monotonic()
    engine.ok(*words)
    return (time.monotonic() - began) * 1000


def make(kind, world):
    """An engine for each runtime, and a container in it that runs."""
    for runtime in world.runtimes:
        engine = kind(world, runtime)
        yield runtime, engine
        engine.ok("run", "-d", "--name", "running", "--network", "none", IMAGE, "sleep", "1000")


def commands():
    run = ["run", "--rm", "--network", "none", IMAGE, "true"]
    return (("podman run --rm", Podman, run), ("podman exec", Podman, ["exec", "running", "true"]),
            ("podman run -d, rm -f", Podman, None),
            ("docker run --rm", Docker, run), ("docker exec", Docker, ["exec", "running", "true"]))


def one(engine, words):
    if words:
        return measured(engine, words)
    return (measured(engine, ["run", "-d", "--name", "timed", "--network", "none", IMAGE, "sleep", "1000"]) +
            measured(engine, ["rm", "-f", "-t", "0", "timed"]))


def main(world, count):
    names = list(world.runtimes)
    print(f"# medians of {count}, taken in turns, in milliseconds; veloci's time divided by the peer's")
    print(f"# {'':24}" + "".join(f"{n:>9}" for n in names) + "".join(f"{'/' + n:>8}" for n in names if n != "veloci"))
    for kind in (Podman, Docker):
        try:
            engines = dict(make(kind, world))
        except (Failed, Skip) as error:
            print(f"# {kind.__name__} cannot be timed: {str(error).splitlines()[0]}")
            continue
        try:
            for label, of, words in commands():
                if of is kind:
                    row(label, engines, words, count)
        finally:
            for engine in engines.values():
                engine.close()
    return 0


def row(label, engines, words, count):
    samples, names = {n: [] for n in engines}, list(engines)
    order = list(itertools.permutations(names))  # each comes behind each other as often
    for turn in range(count + 1):
        for name in order[turn % len(order)]:
            time.sleep(0.2)  # an engine cleans up behind a command's back
            try:
                value = one(engines[name], words)
            except Failed as error:
                print(f"# {label}: {name} failed: {str(error).splitlines()[-1][:200]}")
                return
            if turn:  # the first is for the caches
                samples[name].append(value)
    middle = {n: statistics.median(v) for n, v in samples.items()}
    print(f"# {label:24}" + "".join(f"{middle[n]:9.0f}" for n in names) +
          "".join(f"{middle['veloci'] / middle[n]:8.2f}" for n in names if n != "veloci"))
