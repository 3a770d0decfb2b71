"""Attack the HTTP API of a bundle with schemathesis: python benchmarks/api.py [--small] models/bundle.

Requests are made from the API's own OpenAPI description, valid and invalid ones, and sent to `python -m pedigree serve`.
All checks of schemathesis are on: no status of 500, every answer as described, valid requests accepted, invalid ones
refused. Writes build/api.md.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "<<cookiecutter.project>>"
TOKEN = "token-of-the-benchmark"
# Rounds of random requests: whether the server requires a token, and how many. Each begins with the same 300 or so that
# are not random: the example, and each rule of the description, broken once.
SMALL = [(False, 700)]
WHOLE = [(False, 2200), (True, 2200)] * 4
SERVED = re.compile(r"http://127\.0\.0\.1:\d+")
COUNTED = re.compile(r"([\d,]+) generated(?:.*?([\d,]+) passed)?")


def main() -> None:
    """Attack each bundle, without and with a token; exit with 1 if anything was found."""
    cli = argparse.ArgumentParser(description=__doc__)
    cli.add_argument("bundles", type=Path, nargs="+", metavar="BUNDLE")
    cli.add_argument("--small", action="store_true", help="a thousand requests instead of 20,000")
    options = cli.parse_args()
    lines = ["| bundle | token | seed | tried | survived |", "|---|---|---:|---:|---:|"]
    failed = False
    for bundle in options.bundles:
        project = bundle.resolve().parents[1].name
        for seed, (secured, examples) in enumerate(SMALL if options.small else WHOLE, start=1):
            with served(bundle.resolve(), secured) as address:
                tried, survived, printed = attack(address, seed, examples, secured)
            token = "yes" if secured else "no"
            lines.append(f"| {project} | {token} | {seed} | {tried:,} | {survived:,} |")
            print(lines[-1], flush=True)
            if survived < tried or not tried:
                failed = True
                print(printed)
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/api.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.exit(failed)


@contextmanager
def served(bundle: Path, secured: bool) -> Iterator[str]:
    """Serve a bundle; yield the address."""
    command = [
        *f"{sys.executable} -m pedigree serve --port 0 --grace 1 --bundle".split(),
        str(bundle),
    ]
    environment = os.environ | {"PYTHONPATH": str(LIBRARY), "TOKEN": TOKEN}
    with tempfile.TemporaryFile("w+") as log:
        server = subprocess.Popen(
            command + ["--token-env", "TOKEN"] * secured,
            stdout=log,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        try:
            assert server.stderr is not None
            lines = iter(server.stderr.readline, "")
            yield next(found[0] for line in lines if (found := SERVED.search(line)))
        finally:
            server.terminate()
            server.communicate()


def attack(address: str, seed: int, examples: int, secured: bool) -> tuple[int, int, str]:
    """Run schemathesis against an address; return the requests made and survived, and what it printed."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json"),
        *("--checks", "all", "--seed", str(seed), "--max-examples", str(examples)),
        *("--no-color", "--suppress-health-check", "all"),
        *(["-H", f"Authorization: Bearer {TOKEN}"] if secured else []),
    ]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    found = COUNTED.search(done.stdout)
    tried, passed = (
        (int((one or "0").replace(",", "")) for one in found.groups()) if found else (0, 0)
    )
    return tried, passed if done.returncode == 0 else min(passed, tried - 1), done.stdout


if __name__ == "__main__":
    main()
