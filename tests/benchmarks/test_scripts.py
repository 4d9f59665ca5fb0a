"""The benchmark scripts write the tables that they promise, and their verdicts can fail."""

from __future__ import annotations

import csv
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


compare_peers = script("compare_peers")
levels = script("levels")


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    sizes = tmp_path / "sizes.csv"
    sizes.write_text(
        "file,bytes,level_1,level_2,level_3\n"
        "alice29.txt,152089,38000,37000,35000\n"
        "kennedy_500k.xls,500000,20000,15000,12001\n"
        "unknown.txt,5,5,5,5\n"
    )
    return sizes, ROOT / "benchmarks" / "peers.csv"


def test_table_of_peers_is_whole() -> None:
    with (ROOT / "benchmarks" / "peers.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 18
    assert {row["kind"] for row in rows} == {"text", "code", "structured", "binary", "image", "audio"}
    assert all(int(row["paq8px"]) < int(row["ppmd"]) < int(row["bytes"]) for row in rows)
    assert [row["lpaq1"] for row in rows if row["file"] == "alice29.txt"] == ["37158"]


def test_verdicts(tables: tuple[Path, Path]) -> None:
    rows = compare_peers.load(*tables)
    assert [row.file for row in rows] == ["alice29.txt", "kennedy_500k.xls"]
    verdicts = {aim.text: aim.met for aim in compare_peers.aims(rows)}
    assert verdicts == {
        "alice29.txt <= 1.01 of lpaq1 and zpaq": True,
        "alice29.txt <= 0.97 of paq8px -8": False,
        "mean of text and code of 60 KB and more <= 0.88 of paq8px -8": False,
        "kennedy_500k.xls <= 1.01 of lpaq1 and zpaq": False,
        "kennedy_500k.xls <= 12,000": False,
        "level 3, sum of text, code, structured <= 0.95 of lpaq1": True,
        "level 2, sum of text, code, structured <= lpaq1": True,
        "level 1, sum of text, code, structured <= PPMd order 8": True,
    }


def test_report_and_exit_code(tables: tuple[Path, Path]) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "compare_peers.py"), "--sizes", str(tables[0])]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "FAIL  kennedy_500k.xls <= 12,000: 12,001 (1.000 of the limit)" in finished.stdout
    assert any(
        line.startswith("alice29.txt") and line.endswith("0.942       1.058") for line in finished.stdout.split("\n")
    )
    assert subprocess.run([*command, "--strict"], capture_output=True, check=False).returncode == 1


def test_sizes_are_written_in_order() -> None:
    from predzip.experiments.bench.results import Direction, Measurement

    side = Direction(1.0, 1.0, 50_000_000, 1)
    rows = [
        Measurement(f"folder/{file}", 1000, f"predzip-{level}", compressed_bytes=size, compress=side, decompress=side)
        for file, sizes in (("b.txt", (300, 250)), ("A.txt", (200, 150)))
        for level, size in enumerate(sizes, 1)
    ]
    table = levels.sizes(rows)
    assert table == [
        ["file", "bytes", "level_1", "level_2"],
        ["A.txt", "1000", "200", "150"],
        ["b.txt", "1000", "300", "250"],
    ]
    assert "| total | 2,000 | 500 | 400 |" in levels.sizes_page(table)
    page = levels.speed_page(rows, "make bench")
    assert "| 1 | 1 KB/s | 1 KB/s | 1 KB/s | 1 KB/s | 50 MB |" in page


def test_notes_are_no_data(tmp_path: Path) -> None:
    for name in ("README.md", "a.txt"):
        (tmp_path / name).write_text("x")
    assert [path.name for path in levels.data_files([tmp_path])] == ["a.txt"]
    assert levels.default_data().is_dir()
