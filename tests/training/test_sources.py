from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest

from predzip.errors import UsageError
from predzip.training.sources import read_kinds

DATA = bytes(range(256)) * 10


def names_and_weights(*specifications: object) -> list[tuple[str, float]]:
    return [(kind.name, kind.weight) for kind in read_kinds([str(each) for each in specifications])]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "b.txt.xz").write_bytes(lzma.compress(DATA))
    (tmp_path / "a.gz").write_bytes(gzip.compress(DATA * 2))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "2").write_bytes(b"2" * 100)
    (tmp_path / "c" / "1").write_bytes(b"1" * 100)
    (tmp_path / ".hidden").write_bytes(b"x")
    return tmp_path


def test_a_folder_is_a_kind_for_each_entry(folder: Path) -> None:
    assert names_and_weights(folder) == [("a", 5120), ("b", 2560), ("c", 200)]


def test_compressed_files_and_folders_are_read(folder: Path) -> None:
    kinds = {kind.name: kind for kind in read_kinds([str(folder)])}
    for name, data in (("a", DATA * 2), ("b", DATA), ("c", b"1" * 100 + b"2" * 100)):
        assert np.concatenate([kinds[name].train, kinds[name].held_out]).tobytes() == data


def test_a_folder_with_a_name_is_one_kind(folder: Path) -> None:
    assert names_and_weights(f"all={folder}:2") == [("all", 2.0)]


def test_names_and_weights(folder: Path) -> None:
    assert names_and_weights(f"x={folder}/a.gz:.25", f"y={folder}/b.txt.xz:3") == [("x", 0.25), ("y", 3.0)]


def test_a_path_that_looks_like_a_weight(tmp_path: Path) -> None:
    (tmp_path / "log:12").write_bytes(DATA)
    assert names_and_weights(tmp_path / "log:12") == [("log:12", 2560)]


def test_the_end_is_held_out(folder: Path) -> None:
    kind = read_kinds([f"{folder}/a.gz"], 100)[0]
    assert len(kind.train) == 5020
    assert kind.held_out.tobytes() == (DATA * 2)[-100:]
    assert len(read_kinds([f"{folder}/a.gz"], 10**9)[0].held_out) == 512


@pytest.mark.parametrize(
    ("specifications", "message"),
    [
        (["{}/missing"], "no such file"),
        (["{}/a.gz", "a={}/b.txt.xz"], "same name"),
        (["{}/a.gz:1", "{}/b.txt.xz"], "every kind"),
        (["{}/.hidden"], "too few"),
        (["{}/a.gz:0"], "sum to nothing"),
        (["{}/broken.xz"], "cannot be decompressed"),
        (["{}/empty"], "the folder is empty"),
    ],
)
def test_what_cannot_be(folder: Path, specifications: list[str], message: str) -> None:
    (folder / "broken.xz").write_bytes(lzma.compress(DATA)[:-20])
    (folder / "empty").mkdir()
    with pytest.raises(UsageError, match=message):
        read_kinds([each.format(folder) for each in specifications])
