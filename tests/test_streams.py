"""File objects over `.pz` data, against `io.BytesIO` as the model of what a file does."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import predzip
import standin
from predzip.errors import FormatError, MissingExtraError, TruncatedError, UsageError
from predzip.integrations import fsspec as integration
from predzip.streams import compress_stream, decompress_stream
from standin import BLOCK_BYTES, NAME

standin.register()
TEXT = b"".join(b"line %d of a text\n" % (number * 7919 % 1000) for number in range(15000))
PACKED = predzip.compress(TEXT[: 2 * BLOCK_BYTES], method=NAME) + predzip.compress(TEXT[2 * BLOCK_BYTES :], method=NAME)


class Pipe(io.RawIOBase):
    """Gives a few bytes at a time and cannot seek."""

    def __init__(self, data: bytes) -> None:
        self._source = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        return self._source.readinto(memoryview(buffer)[:777])


def test_writing_and_reading_a_path(tmp_path: Path) -> None:
    path = tmp_path / "x.pz"
    with predzip.open(path, "wb", method=NAME) as file:
        assert file.writable()
        assert not file.readable()
        assert not file.seekable()
        for start in range(0, len(TEXT), 10_000):
            assert file.write(TEXT[start : start + 10_000]) == len(TEXT[start : start + 10_000])
        assert file.tell() == len(TEXT)
        assert file.name == str(path)
        assert os.fstat(file.fileno()).st_ino == path.stat().st_ino
    assert file.closed
    assert path.read_bytes() == predzip.compress(TEXT, method=NAME)
    for mode in ("r", "rb"):
        with predzip.open(str(path), mode) as file:
            assert (file.readable(), file.writable(), file.seekable()) == (True, False, True)
            assert file.read() == TEXT
            assert file.read() == b""


@pytest.mark.parametrize("threads", [1, 2])
def test_threads(threads: int, tmp_path: Path) -> None:
    with predzip.PredzipFile(tmp_path / "x.pz", "wb", method=NAME, threads=threads) as file:
        file.write(TEXT)
    assert (tmp_path / "x.pz").read_bytes() == predzip.compress(TEXT, method=NAME)
    with predzip.PredzipFile(tmp_path / "x.pz", threads=threads) as file:
        assert file.read() == TEXT


def test_the_ways_to_read() -> None:
    model = io.BytesIO(TEXT)
    with predzip.open(io.BytesIO(PACKED)) as file:
        assert file.peek(5)[:5] == TEXT[:5]
        assert file.readline() == model.readline()
        assert file.readline(4) == model.readline(4)
        buffer = bytearray(1000)
        assert file.readinto(buffer) == 1000
        assert bytes(buffer) == model.read(1000)
        first = file.read1(50)
        assert first == model.read(len(first)) != b""
        assert file.read(0) == b""
        assert file.tell() == model.tell()
        assert list(file) == list(model)
        assert file.read1() == b""


@settings(deadline=None, max_examples=60)
@given(
    moves=st.lists(
        st.one_of(
            st.tuples(st.just("read"), st.integers(0, 2 * BLOCK_BYTES)),
            st.tuples(st.just("set"), st.integers(0, len(TEXT) + 100)),
            st.tuples(st.just("current"), st.integers(-BLOCK_BYTES, 2 * BLOCK_BYTES)),
            st.tuples(st.just("end"), st.integers(-len(TEXT), 100)),
        ),
        max_size=8,
    ),
    prefix=st.sampled_from([b"", b"another format's header"]),
)
def test_seeking_is_as_in_memory(moves: list[tuple[str, int]], prefix: bytes) -> None:
    model = io.BytesIO(TEXT)
    raw = io.BytesIO(prefix + PACKED)
    raw.seek(len(prefix))
    with predzip.PredzipFile(raw) as file:
        for kind, amount in moves:
            if kind == "read":
                assert file.read(amount) == model.read(amount)
            elif kind == "set":
                assert file.seek(amount) == model.seek(amount)
            elif kind == "current":
                target = max(0, model.tell() + amount) - model.tell()
                assert file.seek(target, io.SEEK_CUR) == model.seek(target, io.SEEK_CUR)
            else:
                assert file.seek(amount, io.SEEK_END) == model.seek(amount, io.SEEK_END)
            assert file.tell() == model.tell()
        assert file.read() == model.read()


def test_a_seek_decodes_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    plain = standin.StandinCodec.decode_block
    monkeypatch.setattr(
        standin.StandinCodec, "decode_block", lambda self, *rest: decoded.append(1) or plain(self, *rest)
    )
    with predzip.PredzipFile(io.BytesIO(PACKED)) as file:
        file.seek(-10, io.SEEK_END)
        assert file.read() == TEXT[-10:]
    assert len(decoded) == 1


def test_seeking_where_it_cannot_be() -> None:
    with predzip.PredzipFile(io.BytesIO(PACKED)) as file:
        for arguments in ((-1,), (0, 9)):
            with pytest.raises(ValueError, match=r"cannot seek|whence"):
                file.seek(*arguments)
        assert file.read() == TEXT
    with predzip.PredzipFile(Pipe(PACKED)) as file:
        assert not file.seekable()
        with pytest.raises(io.UnsupportedOperation):
            file.seek(5)
        assert file.read() == TEXT


def test_text_mode(tmp_path: Path) -> None:
    path = tmp_path / "x.pz"
    lines = ["größer\n", "δ\n"]
    with predzip.open(path, "wt", encoding="utf-16-le", newline="\n", method=NAME) as file:
        file.writelines(lines)
    with predzip.open(path, "rt", encoding="utf-16-le") as file:
        assert list(file) == lines
    with pytest.raises(UsageError, match="text modes"):
        predzip.open(path, "rb", encoding="utf-8")


def test_modes_that_create_and_append(tmp_path: Path) -> None:
    path = tmp_path / "x.pz"
    with predzip.open(path, "xb", method=NAME) as file:
        file.write(b"one ")
    with pytest.raises(FileExistsError):
        predzip.open(path, "xb")
    with predzip.open(path, "ab", method=NAME) as file:
        file.write(b"two")
    assert predzip.open(path).read() == b"one two"
    assert predzip.inspect(path).block_count == 2


def test_a_mistake_touches_no_file(tmp_path: Path) -> None:
    path = tmp_path / "x.pz"
    path.write_bytes(b"precious")
    for options in ({"level": 0}, {"method": "no such"}, {"threads": -1}):
        with pytest.raises(UsageError):
            predzip.open(path, "wb", **options)
    for mode in ("", "q", "w+", "rw", "rbt"):
        with pytest.raises(UsageError, match="mode"):
            predzip.open(path, mode)
    assert path.read_bytes() == b"precious"
    with pytest.raises(TypeError, match="path or a binary file object"):
        predzip.open(7)  # type: ignore[call-overload]


def test_a_file_object_of_the_caller_stays_open() -> None:
    raw = io.BytesIO()
    with predzip.open(raw, "wb", method=NAME) as file:
        file.write(b"content")
    raw.seek(0)
    with predzip.open(raw) as file:
        assert file.read() == b"content"
        assert file.name is None
    assert not raw.closed


def test_a_closed_file_says_so() -> None:
    for mode in ("rb", "wb"):
        file = predzip.PredzipFile(io.BytesIO(PACKED), mode)
        file.close()
        file.close()
        for call in (file.read, file.tell, file.readable, lambda file=file: file.write(b"x"), file.fileno):
            with pytest.raises(ValueError, match="closed file"):
                call()


def test_wrong_direction() -> None:
    with pytest.raises(io.UnsupportedOperation), predzip.PredzipFile(io.BytesIO(PACKED)) as file:
        file.write(b"x")
    with pytest.raises(io.UnsupportedOperation), predzip.PredzipFile(io.BytesIO(), "wb", method=NAME) as file:
        file.read()


def test_damage_is_found_before_the_block_is_given_out() -> None:
    damaged = bytearray(PACKED)
    damaged[-30] ^= 1
    with predzip.PredzipFile(io.BytesIO(bytes(damaged))) as file:
        assert file.read(2 * BLOCK_BYTES) == TEXT[: 2 * BLOCK_BYTES]
        with pytest.raises(FormatError):
            file.read()
    with predzip.PredzipFile(io.BytesIO(PACKED[:-5])) as file, pytest.raises(TruncatedError):
        file.read()


def test_a_file_that_shrinks_while_it_is_read() -> None:
    raw = io.BytesIO(PACKED)
    with predzip.PredzipFile(raw) as file:
        file.seek(10, io.SEEK_END)
        file.seek(0)
        raw.truncate(10)
        with pytest.raises(TruncatedError, match="shorter"):
            file.read()


def test_tarfile(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(TEXT)
    (tmp_path / "b.txt").write_bytes(b"b")
    for mode in ("w", "w|"):
        packed = io.BytesIO()
        with predzip.open(packed, "wb", method=NAME) as file, tarfile.open(fileobj=file, mode=mode) as tar:
            tar.add(tmp_path / "a.txt", "a.txt")
            tar.add(tmp_path / "b.txt", "b.txt")
        for reading in ("r:", "r|"):
            packed.seek(0)
            with predzip.open(packed) as file, tarfile.open(fileobj=file, mode=reading) as tar:
                contents = {member.name: tar.extractfile(member).read() for member in tar}
            assert contents == {"a.txt": TEXT, "b.txt": b"b"}


def test_streams_report_sizes() -> None:
    sink = io.BytesIO()
    sizes = compress_stream(Pipe(TEXT), sink, method=NAME)
    assert (sizes.original_bytes, sizes.compressed_bytes) == (len(TEXT), len(sink.getvalue()))
    assert sink.getvalue() == predzip.compress(TEXT, method=NAME)  # a pipe gives the bytes of a file
    out = io.BytesIO()
    assert decompress_stream(Pipe(sink.getvalue()), out) == sizes
    assert out.getvalue() == TEXT
    assert decompress_stream(io.BytesIO(sink.getvalue()), None) == sizes


def test_fsspec(tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    integration.register()
    integration.register()
    path = str(tmp_path / "table.csv.pz")
    with fsspec.open(path, "wt", compression="predzip") as file:
        file.write("")  # an empty frame, which takes no codec
    assert predzip.inspect(path).original_bytes == 0
    Path(path).write_bytes(predzip.compress(b"a,b\n1,2\n", method=NAME))
    with fsspec.open(path, "rt", compression="infer") as file:
        assert file.read() == "a,b\n1,2\n"


def test_fsspec_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fsspec.compression", None)
    with pytest.raises(MissingExtraError, match=r"predzip\[fsspec\]"):
        integration.register()
