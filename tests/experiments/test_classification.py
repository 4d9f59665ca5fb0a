"""Both classifiers, held against hand-made classes and distances."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from predzip.errors import UsageError
from predzip.experiments.classification import Neighbours, make_classifier, read_classes, verdict, vote
from predzip.experiments.classification_report import Judged, accuracy, confusion, report_json, report_text

_LETTERS = {"vowels": "aeiou ", "hard": "kptbdg ", "digits": "0123456789"}


def sample(label: str, seed: int, length: int = 300) -> bytes:
    random = Random(f"{label} {seed}")
    words = ["".join(random.choices(_LETTERS[label], k=4)) for _ in range(6)]
    return " ".join(random.choices(words, k=length // 5)).encode()


CLASSES = {label: [sample(label, seed) for seed in range(4)] for label in _LETTERS}


@pytest.mark.parametrize(
    ("method", "neighbours"),
    [("ppm", None), ("frequency", None), ("predzip-1", None), ("gzip", None), ("gzip", 3), ("zlib", 1)],
)
def test_texts_find_their_class(method: str, neighbours: int | None) -> None:
    classifier = make_classifier(CLASSES, method, neighbours)
    right = [classifier.classify(sample(label, seed)).best == (label,) for label in CLASSES for seed in (10, 11, 12)]
    assert sum(right) >= 8  # of 9
    assert method.partition(":")[0] in classifier.about


def test_what_was_classified_before_changes_nothing() -> None:
    for method in ("ppm", "predzip-1"):
        classifier = make_classifier(CLASSES, method)
        first = classifier.classify(sample("hard", 20))
        classifier.classify(sample("digits", 21))
        assert classifier.classify(sample("hard", 20)) == first


def test_the_cost_is_that_behind_the_examples() -> None:
    """By hand: code length of examples and text, minus that of the examples."""
    from predzip.codecs.entropy import code_length_bits
    from predzip.predictors import registry

    text = sample("vowels", 30)
    scores = make_classifier(CLASSES, "ppm").classify(text).scores
    corpus = b"\n".join(CLASSES["hard"]) + b"\n"
    both, alone = (code_length_bits(registry.create("ppm"), data) for data in (corpus + text, corpus))
    assert scores["hard"] == pytest.approx((both - alone) / len(text))


def test_distances_are_normalised() -> None:
    """With a compressor that counts distinct bytes, NCD can be worked out by hand."""
    examples = {"ab": [b"ab"], "xyz": [b"xyz"]}
    classifier = Neighbours(examples, lambda data: bytes(len(set(data) - {10})), 1, "by hand")
    assert classifier.classify(b"aab").best == ("ab",)
    assert classifier.classify(b"abxyz").best == ("xyz",)  # (5 - 3) / 5 against (5 - 2) / 5
    assert classifier.classify(b"q").scores == {"ab": -0.5, "xyz": -0.5}  # (3 - 1) / 2 against (4 - 1) / 3: equal
    assert classifier.classify(b"q").best == ("ab", "xyz")


def test_equal_distances_share_the_votes() -> None:
    distances = [(0.1, "a"), (0.2, "b"), (0.2, "c"), (0.2, "c"), (0.9, "a")]
    assert vote(distances, 1) == {"a": 1, "b": 0, "c": 0}
    assert vote(distances, 2) == pytest.approx({"a": 1, "b": 1 / 3, "c": 2 / 3})
    assert vote(distances, 4) == {"a": 1, "b": 1, "c": 2}
    assert vote(list(reversed(distances)), 2) == vote(distances, 2)


def test_ties_count_as_a_fair_draw() -> None:
    tie = verdict({"b": 1.0, "a": 1.0, "c": 2.0})
    clear = verdict({"a": 1.0, "b": 3.0, "c": 2.0})
    assert tie.best == ("a", "b")
    tested = [Judged(Path("1"), tie, "a"), Judged(Path("2"), tie, "c"), Judged(Path("3"), clear, "a")]
    result = accuracy(tested)
    assert (result.texts, result.right, result.ties, result.tied_with_right) == (3, 1.5, 2, 1)
    low, high = result.interval
    assert 0 < low < result.share < high < 1
    _, counts = confusion(tested)
    assert counts["a"] == {"a": 1.5, "b": 0.5, "c": 0}
    text = report_text("by hand", tested)
    assert text.startswith("by hand: 50.0% of 3 texts right")
    assert "2 ties, 1 of them with the right class" in text
    assert json.loads(report_json("by hand", tested))["accuracy"] == 0.5


def test_the_interval_of_wilson() -> None:
    clear = verdict({"a": 0.0, "b": 1.0})
    tested = [Judged(Path(str(n)), clear, "a" if n < 9 else "b") for n in range(10)]
    assert accuracy(tested).interval == pytest.approx((0.5958, 0.9821), abs=1e-4)  # a textbook's 9 of 10


def test_what_makes_no_sense(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two classes"):
        make_classifier({"one": [b"x"]})
    with pytest.raises(UsageError, match="no example"):
        make_classifier({"one": [b"x"], "two": []})
    with pytest.raises(UsageError, match="no method"):
        make_classifier(CLASSES, "gzzip")
    with pytest.raises(UsageError, match="12 examples"):
        make_classifier(CLASSES, "gzip", 13)
    with pytest.raises(UsageError, match="no folder"):
        read_classes(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no file"):
        read_classes(tmp_path)
