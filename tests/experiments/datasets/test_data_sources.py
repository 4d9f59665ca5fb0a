"""Words on the command line to datasets."""

from __future__ import annotations

import hashlib
import sys
import tracemalloc
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest

import corpus
from predzip.errors import MissingExtraError, UsageError
from predzip.experiments.datasets import Dataset, open_dataset
from predzip.experiments.datasets import sources as module
from predzip.experiments.datasets.cache import cache_folder, prepared

BOOK = corpus.book(10_000)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PREDZIP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_bytes(BOOK)
    return path


def test_a_file_is_read_where_it_lies(book: Path, cache: Path) -> None:
    data = open_dataset(f"text={book}")
    assert (data.path, data.kind, data.chunk_bytes) == (book, "text", 2048)
    assert data.total_bytes == 8192  # whole chunks
    assert data.sha256 == hashlib.sha256(BOOK[:8192]).hexdigest()
    assert list(data.chunks()) == [BOOK[start : start + 2048] for start in range(0, 8192, 2048)]
    assert data.read(2000, 3000) == BOOK[2000:3000]
    assert data.read(8000, 9999) == BOOK[8000:8192]
    assert not cache.exists()


def test_prefixes(book: Path) -> None:
    short = open_dataset(f"text={book}", 5000)
    assert short.total_bytes == 4096
    assert open_dataset(f"text={book}").prefix(5000) == short
    assert short.prefix(10**9) is short
    assert open_dataset(f"text={book}", 100).total_bytes == 100  # less than a chunk stays


def test_a_zip_and_a_folder_are_prepared_once(book: Path, tmp_path: Path, cache: Path) -> None:
    with zipfile.ZipFile(tmp_path / "book.zip", "w") as archive:
        archive.write(book, "book.txt")
    for word in ("book.zip", "parts"):
        (tmp_path / "parts").mkdir(exist_ok=True)
        (tmp_path / "parts" / "b.txt").write_bytes(BOOK[6000:])
        (tmp_path / "parts" / "a.txt").write_bytes(BOOK[:6000])
        first = open_dataset(f"text={tmp_path / word}")
        again = open_dataset(f"text={tmp_path / word}")
        assert first == again
        assert first.sha256 == open_dataset(f"text={book}").sha256
        assert cache in first.path.parents
    assert open_dataset(f"text={tmp_path / 'book.zip'}", 3000).path.stat().st_size == 3000  # no more than asked for


def test_a_changed_source_is_prepared_again(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a").write_bytes(BOOK)
    before = open_dataset(f"file={folder}")
    (folder / "b").write_bytes(BOOK)
    assert open_dataset(f"file={folder}").total_bytes > before.total_bytes


def test_what_fails_half_way_leaves_nothing(cache: Path) -> None:
    def pieces():  # type: ignore[no-untyped-def]
        yield b"half"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        prepared("label", ["recipe"], pieces())
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_random_is_seeded_and_a_prefix_of_itself() -> None:
    one, other = open_dataset("random", 6000), open_dataset("random=2", 6000)
    assert one.sha256 != other.sha256
    assert (one.name, other.name) == ("random", "random 2")
    assert open_dataset("random", 20_000).read(0, 4096) == one.read(0, 4096)
    # Python promises the same bytes for ever.
    assert one.sha256 == "ee69854cf5ff35ee6ed0a071341aad1bbc0ffdd510aaaa9b0d691065a33dacde"


def test_sound_is_cut_to_8_bits_or_not(tmp_path: Path) -> None:
    samples = corpus.sound(4096)
    (tmp_path / "s.pcm").write_bytes(samples)
    narrow, wide = (open_dataset(f"{kind}={tmp_path / 's.pcm'}") for kind in ("audio", "audio16"))
    assert (narrow.total_bytes, wide.total_bytes) == (4096, 8192)
    assert wide.read(0, 8192) == samples
    assert narrow.read(0, 4096) == bytes(value ^ 0x80 for value in samples[1::2])


def test_raw_patches_are_taken_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "p.gray").write_bytes(corpus.pixels(6144))
    assert open_dataset(f"image={tmp_path / 'p.gray'}").read(0, 6144) == corpus.pixels(6144)


@pytest.mark.parametrize(
    ("word", "fix"),
    [
        ("text=missing.txt", "have it downloaded: --data enwik8"),
        ("image=missing", "image-net.org"),
        ("audio=missing", "openslr.org/12"),
        ("file", "where is it"),
        ("video=x", "there are enwik7, enwik8"),
        ("random=x", "a seed is a number"),
        ("text=hf:wikitext", "the hub is for image"),
    ],
)
def test_what_is_missing_says_how_to_get_it(word: str, fix: str) -> None:
    with pytest.raises(UsageError, match=fix):
        open_dataset(word)


def test_odd_files(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(UsageError, match="nothing to measure"):
        open_dataset(f"file={tmp_path / 'empty'}")
    (tmp_path / "one.png").write_bytes(b"")
    with pytest.raises(UsageError, match="name the folder"):
        open_dataset(f"image={tmp_path / 'one.png'}")


def test_a_file_that_shrinks_is_noticed(book: Path) -> None:
    data = open_dataset(f"text={book}")
    book.write_bytes(BOOK[:100])
    with pytest.raises(UsageError, match="became shorter"):
        data.read(0, 2048)
    with pytest.raises(UsageError, match="became shorter"):
        list(data.pieces())


def test_downloads_go_through_fetch(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "fetch", lambda wanted, say: book)
    monkeypatch.setitem(module._LIMITS, "enwik7", 4096)
    assert open_dataset("enwik8").total_bytes == 8192
    assert open_dataset("enwik7").total_bytes == 4096
    assert open_dataset("enwik7", 2048).total_bytes == 2048
    assert "Wikipedia" in open_dataset("enwik9").licence


def test_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def load_dataset(name: str, config: str | None, *, split: str, streaming: bool) -> list[dict[str, object]]:
        calls.append((name, config, split, streaming))
        samples = np.frombuffer(corpus.sound(4096), "<i2") / 32768
        return [{"audio": {"array": samples}, "image": None}]

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))  # type: ignore[arg-type]
    data = open_dataset("audio=hf:openslr/librispeech_asr:clean:train.100", 2048)
    assert calls == [("openslr/librispeech_asr", "clean", "train.100", True)]
    assert data.read(0, 2048) == bytes(value ^ 0x80 for value in corpus.sound(4096)[1::2])[:2048]
    monkeypatch.setitem(sys.modules, "datasets", None)  # type: ignore[arg-type]
    with pytest.raises(MissingExtraError, match="huggingface"):
        open_dataset("image=hf:imagenet-1k", 2048)


def test_memory_does_not_grow_with_the_data(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(64 << 20)  # a hole: nothing on disk
    tracemalloc.start()
    data = open_dataset(f"file={path}")
    count = sum(1 for _ in data.chunks())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 1 << 15
    assert isinstance(data, Dataset)
    assert peak < 8 << 20


def test_the_folder_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREDZIP_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    if sys.platform.startswith("linux"):
        assert cache_folder() == Path("/x/predzip")
