"""Names and ids: permanent, lazy, and helpful where they are wrong."""

import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints

import numpy as np
import pytest

from predzip.errors import ModelError, UnsupportedError, UsageError
from predzip.predictors import registry
from predzip.predictors.base import Frequencies


def test_ids_on_disk_are_permanent() -> None:
    """These literals stand in files. A failure here means: take a new id, never change this list."""
    assert {name: registry.method_id(name) for name in registry.names()} == {
        "frequency": 16,
        "ngram": 17,
        "ppm": 18,
        "ctw": 19,
        "uniform": 20,
        "bayes": 21,
    }
    assert registry.RESERVED_IDS == {1: "mixing", 2: "mixture", 3: "chunks"}


@pytest.mark.parametrize("name", registry.names())
def test_ids_and_names_go_both_ways(name: str) -> None:
    assert registry.name_of(registry.method_id(name)) == name
    assert registry.create(name).alphabet_size == 256
    assert len(registry.summary(name)) > 10


@pytest.mark.parametrize(("wrong", "meant"), [("pmp", "ppm"), ("n-gram", "ngram"), ("frequncy", "frequency")])
def test_a_misspelt_name_is_met_with_the_right_one(wrong: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean {meant}"):
        registry.predictor_class(wrong)


def test_a_name_like_nothing_gets_the_list() -> None:
    with pytest.raises(UsageError, match=r"known are .*ppm"):
        registry.predictor_class("zzzzzz")


@pytest.mark.parametrize("method", [0, 1, 2, 99, 128, 250, 5000])
def test_an_id_of_nobody_is_unsupported(method: int) -> None:
    with pytest.raises(UnsupportedError):
        registry.name_of(method)


def test_options_reach_the_class_and_wrong_ones_are_named() -> None:
    assert registry.create("ctw", symbol_bits=4).alphabet_size == 16
    with pytest.raises(UsageError, match="ordre"):
        registry.create("ppm", ordre=3)


def test_listing_names_loads_no_kernel() -> None:
    code = (
        "import sys; from predzip.predictors import registry;"
        "registry.names(); [registry.summary(n) for n in registry.names()]; registry.name_of(18);"
        "assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


class Foreign:
    """A predictor of another package.

    Only for this test.
    """

    alphabet_size = 256
    memory_bytes = 1024
    method_id = 200

    def reset(self) -> None: ...

    def predict(self) -> Frequencies:
        return np.ones(256, dtype=np.uint32)

    def update(self, symbol: int) -> None: ...


class WithoutId(Foreign):
    method_id = 3


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> None:
    points = EntryPoints(
        [
            EntryPoint("foreign", f"{__name__}:Foreign", registry.ENTRY_POINT_GROUP),
            EntryPoint("ppm", f"{__name__}:Foreign", registry.ENTRY_POINT_GROUP),
        ]
    )
    monkeypatch.setattr(registry, "entry_points", lambda **query: points.select(**query))
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])


@pytest.mark.usefixtures("foreign")
def test_another_package_adds_a_predictor() -> None:
    assert registry.names()[-1] == "foreign"
    assert registry.method_id("foreign") == 200
    assert registry.name_of(200) == "foreign"
    assert registry.summary("foreign") == "A predictor of another package."
    assert isinstance(registry.create("foreign"), Foreign)


@pytest.mark.usefixtures("foreign")
def test_another_package_cannot_take_a_name_of_ours() -> None:
    assert registry.names().count("ppm") == 1
    assert registry.predictor_class("ppm").__name__ == "PPM"


@pytest.mark.usefixtures("foreign")
def test_another_package_cannot_take_an_id_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Foreign, "method_id", 18)
    with pytest.raises(ModelError, match="method_id"):
        registry.method_id("foreign")
