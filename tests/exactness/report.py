"""What one variant of the environment makes of the files in a folder: run as a process of its own.

    python report.py FOLDER NAME:LEVEL...

Prints a JSON object: for each NAME:LEVEL the digest of the compressed file, and whether the compressed file of the
reference, FOLDER/NAME.LEVEL.pz, decodes to FOLDER/NAME here.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import predzip


def report(folder: Path, jobs: list[str]) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for job in jobs:
        name, level = job.split(":")
        data = (folder / name).read_bytes()
        digest = hashlib.sha256(predzip.compress(data, int(level))).hexdigest()
        found[job] = [digest, predzip.decompress((folder / f"{name}.{level}.pz").read_bytes()) == data]
    return found


if __name__ == "__main__":
    json.dump(report(Path(sys.argv[1]), sys.argv[2:]), sys.stdout)
