"""Finding models: by name, by path, by fingerprint; and what is said when one is not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

import tiny_models
from predzip.errors import ModelError
from predzip.predictors.neural import catalogue
from predzip.predictors.neural.catalogue import find_by_fingerprint, load, locate
from predzip.predictors.neural.weights import fingerprint_of, read_weights


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty folders of models, and no memory of what other tests named."""
    monkeypatch.setattr(catalogue, "SHIPPED_FOLDER", tmp_path / "shipped")
    monkeypatch.setenv(catalogue.FOLDER_VARIABLE, str(tmp_path / "user"))
    for name in ("_offered", "_fingerprints", "_weights"):
        monkeypatch.setattr(catalogue, name, type(getattr(catalogue, name))())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_numbers_and_names_are_permanent() -> None:
    assert {entry.number: entry.name for entry in catalogue.shipped()} == {
        1: "small",
        2: "base",
        3: "paper-200k",
        4: "paper-800k",
        5: "paper-3.2m",
    }
    assert catalogue.entry("base") is catalogue.entry(2)
    for unknown in ("best", 0, 6):
        with pytest.raises(ModelError):
            catalogue.entry(unknown)


def test_by_name_then_by_path(folders: Path) -> None:
    shipped = tiny_models.write_recurrent(folders / "shipped", "small")
    user = tiny_models.write_transformer(folders / "user", "mine")
    here = tiny_models.write_transformer(folders, "paper-9.9m", seed=5)
    assert locate("small") == catalogue.Found("small", shipped, "package")
    assert locate("mine") == catalogue.Found("mine", user, "user")
    for path in ("paper-9.9m", "./paper-9.9m", "paper-9.9m.json", str(here) + ".safetensors", here):
        assert locate(path) == catalogue.Found("paper-9.9m", here, "path")
    assert [found.name for found in catalogue.installed()] == ["small", "mine"]
    assert load("mine") is load(user)


def test_a_name_wins_over_a_file(folders: Path) -> None:
    tiny_models.write_recurrent(folders / "shipped", "small")
    tiny_models.write_transformer(folders, "small")
    assert load("small").kind == "recurrent"
    assert load("./small").kind == "transformer"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("base", "missing from this installation of predzip; run: pip install"),
        ("smal", "did you mean small"),
        ("zzz", "there are: small"),
        ("./small", "no model at ./small: it takes small.json and small.safetensors"),
        ("x.safetensors", "it takes x.json"),
        ("", "no model is named ''"),
        ("half", "no model at half"),
    ],
)
def test_what_is_not_there(folders: Path, word: str, said: str) -> None:
    tiny_models.write_recurrent(folders / "shipped", "small")
    (folders / "half.json").write_text("{}")
    with pytest.raises(ModelError) as caught:
        load(word)
    assert said in str(caught.value)


def test_by_fingerprint(folders: Path) -> None:
    stems = [
        tiny_models.write_recurrent(folders / "shipped", "small"),
        tiny_models.write_transformer(folders / "user", "mine"),
        tiny_models.write_transformer(folders, "named", seed=9),
    ]
    prefixes = [fingerprint_of(stem)[:8] for stem in stems]
    assert len(set(prefixes)) == 3
    assert find_by_fingerprint(prefixes[0]).name == "small"
    assert find_by_fingerprint(prefixes[1]).name == "mine"
    with pytest.raises(ModelError) as caught:
        find_by_fingerprint(prefixes[2])
    assert prefixes[2].hex() in str(caught.value)
    assert "predzip models add PATH" in str(caught.value)
    catalogue.offer("named.json")
    assert find_by_fingerprint(prefixes[2]) is load(stems[2])
    assert catalogue.offered() == (str(stems[2]),)
    assert catalogue.name_of(prefixes[2]) == "named"
    with pytest.raises(ModelError, match="less than 8 bytes"):
        find_by_fingerprint(prefixes[0][:7])


def test_a_listed_model_that_was_lost_is_named(folders: Path) -> None:
    folder = folders / "shipped"
    folder.mkdir()
    catalogue.write_list(folder, {"base": bytes(range(32))})
    with pytest.raises(ModelError, match=r"the model base \(fingerprint 0001020304050607\).* pip install"):
        find_by_fingerprint(bytes(range(8)))


def test_the_list_spares_hashing_and_is_not_believed(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stems = [tiny_models.write_transformer(folders / "user", f"m{seed}", seed=seed) for seed in range(4)]
    actual = {stem.name: fingerprint_of(stem) for stem in stems}
    catalogue.write_list(folders / "user", actual)
    hashed: list[str] = []
    original = catalogue.fingerprint

    def counted(stem: Path) -> bytes:
        hashed.append(stem.name)
        return original(stem)

    monkeypatch.setattr(catalogue, "fingerprint", counted)
    assert find_by_fingerprint(actual["m2"][:8]).name == "m2"
    assert hashed == ["m2"]
    catalogue.write_list(folders / "user", {**actual, "m3": actual["m1"]})  # a lie
    assert find_by_fingerprint(actual["m1"]).name == "m1"
    assert find_by_fingerprint(actual["m3"]).name == "m3"


def test_lists_of_fingerprints(folders: Path) -> None:
    catalogue.write_list(folders, {"b": bytes(32), "a": bytes([255] * 32)})
    text = (folders / catalogue.FINGERPRINTS).read_text()
    assert text == f"{'ff' * 32}  a\n{'00' * 32}  b\n"
    (folders / catalogue.FINGERPRINTS).write_text(text + "# comment\n\nzz  c\n" + "0" * 64 + "\n")
    assert {"a", "b"} <= catalogue.read_list(folders).keys() <= {"a", "b", ""}
    (folders / catalogue.FINGERPRINTS).write_bytes(b"\xff\xfe")
    assert catalogue.read_list(folders) == {}
    assert catalogue.read_list(folders / "nowhere") == {}


def test_changed_files_are_read_again(folders: Path) -> None:
    stem = tiny_models.write_transformer(folders, "m", seed=1)
    first = load(stem)
    assert load(stem) is first
    tiny_models.write_transformer(folders, "m", seed=2)
    assert load(stem).fingerprint == read_weights(stem).fingerprint != first.fingerprint


def test_only_a_few_are_kept(folders: Path) -> None:
    stems = [tiny_models.write_recurrent(folders, f"m{seed}", seed=seed) for seed in range(6)]
    loaded = [load(stem) for stem in stems]
    assert load(stems[-1]) is loaded[-1]
    assert load(stems[0]) is not loaded[0]


def test_engines_by_kind(folders: Path) -> None:
    recurrent = catalogue.predictor(load(tiny_models.write_recurrent(folders)))
    transformer = catalogue.predictor(load(tiny_models.write_transformer(folders)))
    assert (type(recurrent).__name__, type(transformer).__name__) == ("RecurrentPredictor", "TransformerPredictor")
    weights = load(tiny_models.write_transformer(folders, "odd"))
    weights.config["kind"] = "oracle"
    with pytest.raises(ModelError, match="of kind 'oracle'; this release runs recurrent, transformer"):
        catalogue.predictor(weights)


def test_lists_load_no_numpy() -> None:
    program = (
        "import sys; from predzip.predictors.neural import catalogue; catalogue.installed(); "
        "catalogue.name_of(bytes(8)); print('numpy' in sys.modules)"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "False"


def test_the_folder_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert catalogue.user_folder() == tmp_path / "user"
    monkeypatch.delenv(catalogue.FOLDER_VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert catalogue.user_folder() == tmp_path / "data" / "predzip" / "models"
    monkeypatch.setattr(sys, "platform", "win32")
    assert catalogue.user_folder() == tmp_path / "local" / "predzip" / "models"
