"""The contract of `codecs.base.BlockCodec`, run on every method and every strength of the mixture."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent.parent))

import corpus
from predzip.codecs.base import BlockCodec
from predzip.codecs.levels import MIXING_LEVELS
from predzip.codecs.registry import MIXING_ID, PRIVATE_IDS, codec_for_frame, methods
from predzip.errors import CorruptError

CODECS = {f"mixing-{level}": (MIXING_ID, bytes([level])) for level in MIXING_LEVELS}
RELEASED = {name: method for name, method in methods().items() if method.method_id not in PRIVATE_IDS}
"""Other tests register stand-ins, with private ids."""
RELEASED = {name: method for name, method in RELEASED.items() if not method.runs_models}
"""What runs a model has the tests of tests/codecs."""
CODECS |= {name: (method.method_id, b"") for name, method in RELEASED.items() if name != "mixing"}
MIXING = [name for name in CODECS if name.startswith("mixing")]

SAMPLES = corpus.samples(6000)
SHORT = {name: data[:1200] for name, data in SAMPLES.items()}  # the predictors in Python are slow
SOME = ["text.txt", "records.bin", "pixels.gray", "stereo.wav", "zeros", "mixture.tar", "one_byte", "empty"]


def make(name: str) -> BlockCodec:
    return codec_for_frame(*CODECS[name])


def samples_for(name: str) -> dict[str, bytes]:
    return SAMPLES if name in MIXING else SHORT


@pytest.fixture(params=CODECS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def codec(name: str) -> BlockCodec:
    return make(name)


def round_trip(codec: BlockCodec, data: bytes) -> bytes:
    payload = codec.encode_block(data)
    decoded = codec.decode_block(payload, len(data))
    assert type(payload) is type(decoded) is bytes
    assert decoded == data
    return payload


def test_the_list_is_complete() -> None:
    assert {method_id for method_id, _ in CODECS.values()} == {method.method_id for method in RELEASED.values()}


def test_a_frame_header_names_the_codec(name: str, codec: BlockCodec) -> None:
    assert isinstance(codec, BlockCodec)
    assert (codec.method_id, codec.parameters) == CODECS[name]


@pytest.mark.parametrize("sample", SAMPLES)
def test_round_trip(name: str, codec: BlockCodec, sample: str) -> None:
    round_trip(codec, samples_for(name)[sample])


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", MIXING)
def test_next_to_nothing_is_lost_on_what_does_not_shrink(name: str, sample: str) -> None:
    data = SAMPLES[sample]
    assert len(make(name).encode_block(data)) <= len(data) + 16


def test_every_block_starts_anew(name: str, codec: BlockCodec) -> None:
    samples = samples_for(name)
    first = {sample: codec.encode_block(samples[sample]) for sample in SOME}
    for sample in reversed(SOME):
        assert codec.encode_block(samples[sample]) == first[sample]
        assert codec.decode_block(first[sample], len(samples[sample])) == samples[sample]


_IN_ANOTHER_PROCESS = """
import hashlib, json, sys
sys.path[:0] = json.loads(sys.argv[1])
from test_codecs import CODECS, SOME, digest_of
json.dump({name: digest_of(name) for name in CODECS}, sys.stdout)
"""


def digest_of(name: str) -> str:
    codec, samples = make(name), samples_for(name)
    return hashlib.sha256(b"".join(codec.encode_block(samples[sample]) for sample in SOME)).hexdigest()


def test_another_process_writes_the_same_bytes() -> None:
    command = [sys.executable, "-c", _IN_ANOTHER_PROCESS, json.dumps([str(Path(__file__).parent)])]
    found = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    assert json.loads(found.stdout) == {name: digest_of(name) for name in CODECS}


def edge_cases(count: int) -> Iterator[bytes]:
    """Generated blocks: short ones of every length, repeats with errors, cuts and joints of all samples."""
    random = Random(20)
    whole = [data for data in SAMPLES.values() if data]
    for number in range(count):
        if number < 40:
            yield random.choice(whole)[:number]
            continue
        kind = number % 4
        if kind == 0:  # joints of different kinds
            yield b"".join(piece[: random.randrange(800)] for piece in random.sample(whole, 3))
        elif kind == 1:  # a period with errors
            data = bytearray(random.randbytes(random.randrange(1, 300)) * random.randrange(2, 12))
            for _ in range(random.randrange(4)):
                data[random.randrange(len(data))] ^= 1 << random.randrange(8)
            yield bytes(data)
        elif kind == 2:  # few values
            values = random.choice([b"\0\xff", b"01\n", b"\x7f\x80", bytes(range(240, 256))])
            yield bytes(random.choices(values, k=random.randrange(1500)))
        else:  # a cut that begins and ends anywhere
            data = random.choice(whole)
            start = random.randrange(len(data))
            yield data[start : start + random.randrange(2000)]


@pytest.mark.parametrize("name", MIXING)
def test_200_generated_edge_cases(name: str) -> None:
    codec = make(name)
    for data in edge_cases(200):
        round_trip(codec, data)


@settings(deadline=None, max_examples=60)
@given(data=st.binary(max_size=300), repeats=st.integers(1, 5))
@pytest.mark.parametrize("name", MIXING)
def test_any_bytes(name: str, data: bytes, repeats: int) -> None:
    round_trip(make(name), data * repeats)


@pytest.mark.slow
def test_a_megabyte() -> None:
    data = corpus.book(120_000) + corpus.mixture(40_000) + corpus.structured(150_000) + corpus.records(150_000)
    data += bytes(40_000) + corpus.log(100_000)
    assert len(data) > 1_000_000
    assert len(round_trip(make("mixing-1"), data)) < len(data) // 2


def damaged(payload: bytes, seed: int) -> Iterator[bytes]:
    random = Random(seed)
    for _ in range(6):
        yield payload[: random.randrange(len(payload) + 1)]
    for _ in range(10):
        copy = bytearray(payload or b"\0")
        for _ in range(random.randrange(1, 4)):
            copy[random.randrange(len(copy)) if random.random() < 0.7 else 0] = random.randrange(256)
        yield bytes(copy)
    for length in (0, 1, 5, 100, 2000):
        yield random.randbytes(length)
    yield payload + b"more"
    yield b"\xff" * 60
    yield bytes(60)


@pytest.mark.parametrize("sample", ["text.txt", "records.bin", "pixels.gray", "stereo.wav", "mixture.tar"])
def test_damage_gives_bytes_or_a_clear_error(name: str, codec: BlockCodec, sample: str) -> None:
    data = samples_for(name)[sample][:3000]
    payload = codec.encode_block(data)
    for broken in damaged(payload, len(sample)):
        with suppress(CorruptError):
            assert len(codec.decode_block(broken, len(data))) == len(data)
    for length in (0, 1, len(data) // 2, len(data) + 500):  # a length that is not the payload's
        with suppress(CorruptError):
            assert len(codec.decode_block(payload, length)) == length
    assert codec.decode_block(payload, len(data)) == data  # damage leaves nothing behind


@settings(deadline=None, max_examples=60)
@given(payload=st.binary(max_size=60), length=st.integers(0, 3000))
@pytest.mark.parametrize("name", MIXING)
def test_garbage_gives_bytes_or_a_clear_error(name: str, payload: bytes, length: int) -> None:
    with suppress(CorruptError):
        assert len(make(name).decode_block(payload, length)) == length


@pytest.mark.parametrize("sample", ["text.txt", "mixture.tar", "random.bin", "zeros", "pixels.gray", "empty"])
def test_progress_adds_up_in_both_directions(name: str, codec: BlockCodec, sample: str) -> None:
    data = samples_for(name)[sample]
    written: list[int] = []
    read: list[int] = []
    payload = codec.encode_block(data, written.append)
    codec.decode_block(payload, len(data), read.append)
    assert sum(written) == sum(read) == len(data)
    assert min(written + read, default=0) >= 0


@pytest.mark.parametrize("name", MIXING)
def test_progress_comes_often_and_may_stop_the_work(name: str) -> None:
    data, codec = corpus.book(60_000), make(name)
    calls: list[int] = []

    def stop(done: int) -> None:
        calls.append(done)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        codec.encode_block(data, stop)
    assert len(calls) == 3
    assert sum(calls) < len(data)


@pytest.mark.parametrize("sample", ["text.txt", "mixture.tar", "pixels.gray", "picture.bmp", "stereo.wav", "zeros"])
@pytest.mark.parametrize("name", MIXING)
def test_memory_stays_below_what_is_stated(name: str, sample: str) -> None:
    data, codec = SAMPLES[sample], make(name)
    payload = round_trip(codec, data)  # compiles, where that is still to do
    for work in (lambda: codec.encode_block(data), lambda: codec.decode_block(payload, len(data))):
        tracemalloc.start()
        work()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= codec.memory_bytes(len(data))


def test_memory_is_stated_before_the_block_is_seen(codec: BlockCodec) -> None:
    stated = [codec.memory_bytes(length) for length in (0, 1, 1 << 10, 1 << 20, 1 << 24)]
    assert stated == sorted(stated)
    assert stated[0] > 0
    assert stated[-1] < 1 << 30
