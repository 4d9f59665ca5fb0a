"""Warm starts of the model of text: packing is undone nearly, streams round-trip, cold models are as ever."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2]))

from corpus import book, source_code
from predzip.coding.binary import finish, new_decoder, new_encoder, payload_buffer, room_bytes
from predzip.errors import ModelError
from predzip.predictors.mixing import text_warm
from predzip.predictors.mixing.gates import ROWS_OF_A_GATE
from predzip.predictors.mixing.model import Start, new_model, padded
from predzip.predictors.mixing.settings import BINARY, TEXT
from predzip.predictors.mixing.step import code_bytes
from predzip.predictors.mixing.text_warm import (
    COMMON,
    COMMON_TAG,
    LEARNT,
    LEVEL,
    OWN,
    TAGS,
    WEIGHTS,
    mean_rows,
    pack_text,
    shrink,
    text_start,
    unpack_text,
)
from predzip.predictors.mixing.warm import FOLDER, write_start
from predzip.predictors.mixture import HEADS, code_alone
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.recurrent.network import Network, new_lanes
from predzip.predictors.neural.recurrent.predictor import network_of
from tiny_models import write_recurrent

Tables = dict[str, NDArray[Any]]
LESSON = book(6000) + source_code(3000)
SAMPLE = book(1500, 20_000)


def networks_of(folder: Path, priors: int) -> list[Network]:
    return [network_of(catalogue.load(write_recurrent(folder, f"tiny-{i}", i + 1))) for i in range(priors)]


def code(
    stream: bytes, length: int, start: Start | None, networks: list[Network], *, encodes: bool
) -> tuple[bytes, Tables]:
    """Encode a stream, or decode a payload; return the result and what was learnt."""
    model = new_model(LEVEL, TEXT, length, 1, HEADS * len(networks), start)
    data = padded(stream if encodes else b"\xa5" * length)
    buffer = np.zeros(room_bytes(9 * length), np.uint8) if encodes else payload_buffer(stream)
    coder = new_encoder() if encodes else new_decoder(buffer)
    if networks:
        lanes, frequencies = new_lanes(networks[0], 1, adapts=True), np.zeros((HEADS, 256), np.uint32)
        code_alone(model, coder, buffer, data, frequencies, networks[0], lanes, 0, length)
    else:
        code_bytes(model, coder, buffer, data, np.zeros((0, 0, 1, 256), np.uint16), 0, length)
    result = buffer[: int(finish(coder, buffer))] if encodes else data[:length]
    return result.tobytes(), {name: getattr(model, name) for name in LEARNT}


@cache
def learnt(priors: int, folder: Path) -> Tables:
    return code(LESSON, len(LESSON), None, networks_of(folder, priors), encodes=True)[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def content(folder: Path) -> Callable[[int], bytes]:
    @cache
    def make(priors: int) -> bytes:
        write_start(folder / f"start{priors}", pack_text(learnt(priors, folder), HEADS * priors))
        return (folder / f"start{priors}").read_bytes()

    return make


@pytest.mark.parametrize("priors", [0, 1])
def test_round_trip(priors: int, content: Callable[[int], bytes], folder: Path) -> None:
    networks = networks_of(folder, priors)
    start = unpack_text(content(priors), HEADS * priors)
    payload, _ = code(SAMPLE, len(SAMPLE), start, networks, encodes=True)
    decoded, _ = code(payload, len(SAMPLE), start, networks, encodes=False)
    assert decoded == SAMPLE
    cold, _ = code(SAMPLE, len(SAMPLE), None, networks, encodes=True)
    assert len(payload) < 0.96 * len(cold)  # another part of the book that it learnt from


def test_an_empty_start_is_a_cold_one() -> None:
    assert code(SAMPLE, len(SAMPLE), {}, [], encodes=True)[0] == code(SAMPLE, len(SAMPLE), None, [], encodes=True)[0]


def test_the_same_tables_make_the_same_file(content: Callable[[int], bytes], folder: Path) -> None:
    write_start(folder / "again", pack_text(learnt(0, folder), 0))
    assert (folder / "again").read_bytes() == content(0)


def test_packing_is_undone_nearly(content: Callable[[int], bytes], folder: Path) -> None:
    start, tables, cold = unpack_text(content(0), 0), learnt(0, folder), new_model(LEVEL, TEXT, 1)
    assert set(start) == set(LEARNT)
    for name, shift in WEIGHTS.items():
        expected = shrink(tables[name], tables["row_uses"][: len(tables[name])])
        assert np.abs(start[name] - expected).max() <= 1 << shift >> 1
    known = tables["state_maps"] & 1023 >= 16
    off = (start["state_maps"] >> 16).astype(int)[known] - (tables["state_maps"] >> 16).astype(int)[known]
    assert known.any()
    assert np.abs(off).max() < 65536 / 56  # half a step of 1/8 nat, at the steepest place, and a bin of `stretch`
    moved = start["direct"] != cold.direct
    assert moved.any()
    off = start["direct"].astype(int)[moved] - tables["direct"].astype(int)[moved]
    assert np.abs(off).max() < 65536 / 15  # the same of 1/2 nat
    assert (start["direct"][tables["direct"] == cold.direct] == 32768).all()


def test_rows_never_met_are_the_mean_of_their_gate(content: Callable[[int], bytes], folder: Path) -> None:
    start, uses = unpack_text(content(0), 0), learnt(0, folder)["row_uses"]
    means = mean_rows(learnt(0, folder)["weights"], uses)
    for gate, mean in enumerate(means):
        rows = np.flatnonzero(uses[gate * ROWS_OF_A_GATE : (gate + 1) * ROWS_OF_A_GATE] == 0)
        of_gate = start["weights"][gate * ROWS_OF_A_GATE + rows]
        assert np.abs(of_gate - mean).max(initial=0) <= 64
        assert (start["row_uses"][gate * ROWS_OF_A_GATE + rows] == 0).all()


def test_rows_seldom_met_are_drawn_to_the_mean() -> None:
    weights, uses = np.zeros((256, 16), np.int32), np.zeros(256, np.int64)
    weights[0], uses[0] = 6000, 100_000
    weights[1], uses[1] = 12_000, 10
    drawn = shrink(weights, uses)
    assert 5900 < drawn[0, 0] < 6100
    assert 6000 < drawn[1, 0] < 6200
    assert (drawn[2:] == mean_rows(weights, uses)).all()


def test_a_gate_that_nothing_came_by_stays_cold() -> None:
    weights = new_model(LEVEL, TEXT, 1).weights
    uses = np.zeros(len(weights), np.int64)
    assert (shrink(weights, uses) == weights).all()
    assert (mean_rows(weights, uses) == weights[::ROWS_OF_A_GATE]).all()


def test_learning_does_not_change_the_start(content: Callable[[int], bytes]) -> None:
    start = unpack_text(content(0), 0)
    first, _ = code(SAMPLE, len(SAMPLE), start, [], encodes=True)
    assert code(SAMPLE, len(SAMPLE), start, [], encodes=True)[0] == first
    with pytest.raises(ValueError, match="read-only"):
        start["weights"][0, 0] = 1


def test_a_start_of_another_model_is_refused(content: Callable[[int], bytes], folder: Path) -> None:
    start = unpack_text(content(0), 0)
    with pytest.raises(ModelError):
        new_model(3, TEXT, 100, start=start)
    with pytest.raises(ModelError):
        new_model(LEVEL, BINARY, 100, start=start)
    with pytest.raises(ModelError):
        new_model(LEVEL, TEXT, 100, start={"weights": start["weights"].astype(np.int64)})
    with pytest.raises(ModelError):
        new_model(LEVEL, TEXT, 100, start={"no_such_table": start["weights"]})
    packed = pack_text(learnt(0, folder), 0)
    for damage in (
        {"weights.rest@12": packed["weights.rest@12"][:, :-1]},
        {"weights.base@6": packed["weights.base@6"][:-1]},
        {"direct.nudge@7": packed["direct.nudge@7"][:-1]},
        {"state_maps@map": packed["state_maps@map"][:, :-1]},
        {"weight@0": packed["row_uses@0"]},
    ):
        write_start(folder / "damaged", packed | damage)
        with pytest.raises(ModelError, match="other sizes"):
            unpack_text((folder / "damaged").read_bytes(), 0)


def test_files_are_found_by_their_priors(
    content: Callable[[int], bytes], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_warm, "FOLDER", folder)
    monkeypatch.setattr(text_warm, "TAGS", {"": "warm-test", "small": "warm-lost"})
    text_start.cache_clear()
    tables = learnt(0, folder)
    write_start(folder / f"{COMMON_TAG}.npz.xz", pack_text(tables, 0, COMMON))
    write_start(folder / "warm-test.npz.xz", pack_text(tables, 0, OWN))
    start, whole = text_start(), unpack_text(content(0), 0)
    assert set(start) == set(whole)
    assert all((start[name] == whole[name]).all() for name in whole)
    assert text_start() is start
    with pytest.raises(ModelError, match="warm-lost"):
        text_start("small")
    text_start.cache_clear()


def test_common_tables_serve_models_with_priors(content: Callable[[int], bytes], folder: Path) -> None:
    write_start(folder / "common", pack_text(learnt(0, folder), 0, COMMON))
    start = unpack_text((folder / "common").read_bytes(), 2)
    assert set(start) == set(COMMON)
    model = new_model(LEVEL, TEXT, 100, 1, 2, start)
    assert (model.direct == unpack_text(content(0), 0)["direct"]).all()


@pytest.mark.parametrize("prior", TAGS)
def test_shipped_starts_fit(prior: str) -> None:
    heads = HEADS if prior else 0
    start = text_start(prior)
    assert set(COMMON) < set(start)
    new_model(LEVEL, TEXT, 100, 1, heads, start)


def test_shipped_files_are_small() -> None:
    """All warm starts together, those of pictures and sound too."""
    assert sum(path.stat().st_size for path in FOLDER.glob("warm-*.npz.xz")) <= 2_000_000
