"""Classification by compression: a text belongs to the class whose examples make it short.

    code length   a predictor is taught the examples of each class; the one that codes the text in the fewest bits wins
                  (Frank, Chui and Witten 2000, "Text categorization using compression models")
    neighbours    the k examples nearest to the text vote; near is what compresses well together (Jiang et al. 2023,
                  "Low-resource text classification: a parameter-free classification method with compressors")

with the normalised compression distance of Cilibrasi and Vitanyi (2005), C being the compressed length:

    NCD(x, y) = (C(x y) - min(C(x), C(y))) / max(C(x), C(y))

Ties are common where lengths are whole bytes, and how they are broken can make a method look better than it is: with
k = 2, to count a tie as right whenever one of both is right measures the best of two guesses. Here a tie stays a tie:
all its classes are named, and it counts as right with a chance of one in so many.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from predzip.codecs.baselines import GENERAL_NAMES, baseline
from predzip.codecs.entropy import code_length_bits
from predzip.errors import UsageError
from predzip.experiments.generation.sources import ADAPTIVE_NAMES, ALIASES, options_of, strength_of
from predzip.predictors import registry
from predzip.predictors.base import Frequencies, Predictor
from predzip.units import BITS_PER_BYTE

Classes = Mapping[str, Sequence[bytes]]
"""Examples by class."""
DEFAULT_METHOD = "ppm"
DEFAULT_NEIGHBOURS_METHOD = "gzip"
_JOINT = b"\n"
_EQUAL = 1e-9
"""Scores nearer than this are equal: sums of logarithms differ in their last digits."""


@dataclass(frozen=True)
class Verdict:
    """What a classifier says of one text."""

    best: tuple[str, ...]
    """The class, or those that share the first place."""
    scores: dict[str, float]
    """Of every class, the best first; lower is better."""

    def chance_of(self, label: str) -> float:
        """How likely the verdict names that class where ties are broken by a fair draw."""
        return 1 / len(self.best) if label in self.best else 0.0


def verdict(scores: Mapping[str, float]) -> Verdict:
    """Order the classes; those as good as the best share its place."""
    ordered = dict(sorted(scores.items(), key=lambda item: (item[1], item[0])))
    least = next(iter(ordered.values()))
    return Verdict(tuple(label for label, score in ordered.items() if score - least < _EQUAL), ordered)


class Classifier(Protocol):
    """Taught once, then asked about any number of texts."""

    about: str
    unit: str
    """What the scores are."""

    def classify(self, text: bytes) -> Verdict:
        """Say which class a text belongs to."""


class CodeLengths:
    """The class whose predictor codes the text in the fewest bits; scores are bits for each byte.

    Args:
        classes: examples.
        cost: made for one class: given the text, how many bits it takes behind the examples of the class.
        about: for reports.
    """

    unit = "bits/byte"

    def __init__(self, classes: Classes, cost: Callable[[bytes], Callable[[bytes], float]], about: str) -> None:
        self.about = about
        self._cost = {label: cost(_JOINT.join(examples) + _JOINT) for label, examples in _checked(classes).items()}

    def classify(self, text: bytes) -> Verdict:
        """See `Classifier`."""
        return verdict({label: cost(text) / max(1, len(text)) for label, cost in self._cost.items()})


class Neighbours:
    """The k nearest examples vote; scores are minus their votes.

    Examples that are equally far share the votes that are left for them, so the order of the examples decides nothing.

    Args:
        classes: examples.
        compress: bytes to bytes.
        k: how many vote.
        about: for reports.
    """

    unit = "votes, with a minus"

    def __init__(self, classes: Classes, compress: Callable[[bytes], bytes], k: int, about: str) -> None:
        self._examples = [(label, each) for label, examples in _checked(classes).items() for each in examples]
        if not 1 <= k <= len(self._examples):
            raise UsageError(f"there are {len(self._examples)} examples: so many neighbours at most, not {k}")
        self.about = about
        self._compress = compress
        self._lengths = [len(compress(each)) for _, each in self._examples]
        self._k = k

    def classify(self, text: bytes) -> Verdict:
        """See `Classifier`."""
        own = len(self._compress(text))
        distances = []
        for (label, example), length in zip(self._examples, self._lengths, strict=True):
            both = len(self._compress(text + _JOINT + example))
            distances.append(((both - min(own, length)) / max(own, length), label))
        return verdict({label: -votes for label, votes in vote(distances, self._k).items()})


def vote(distances: Iterable[tuple[float, str]], k: int) -> dict[str, float]:
    """Give k votes to the nearest examples; those at the distance of the last one share what is left."""
    ordered = sorted(distances)
    farthest = ordered[k - 1][0]
    nearer = [label for distance, label in ordered if distance < farthest]
    level = [label for distance, label in ordered if distance == farthest]
    votes = dict.fromkeys((label for _, label in ordered), 0.0)
    for label in nearer:
        votes[label] += 1.0
    for label in level:
        votes[label] += (k - len(nearer)) / len(level)
    return votes


def method_names() -> list[str]:
    """What can classify."""
    return [*registry.names(), *ADAPTIVE_NAMES, *ALIASES, *GENERAL_NAMES]


def make_classifier(classes: Classes, method: str | None = None, neighbours: int | None = None) -> Classifier:
    """Make a classifier and teach it.

    Args:
        classes: examples by class, two classes at least.
        method: a predictor, with options as in "ppm:order=4"; "predzip" for the adaptive model; or any compressor.
        neighbours: how many examples vote; None: by code length, without votes.

    Raises:
        UsageError: no such method, or examples of fewer than two classes.
        MissingExtraError: the compressor's package is not installed.
    """
    if neighbours is not None:
        name = method or DEFAULT_NEIGHBOURS_METHOD
        return Neighbours(classes, _compressor(name), neighbours, f"{name}, {neighbours} nearest by NCD")
    name = method or DEFAULT_METHOD
    word, _, options = name.partition(":")
    if word in registry.names():
        return CodeLengths(classes, lambda corpus: _predictor_cost(word, options, corpus), f"{name}, code length")
    if name in ADAPTIVE_NAMES:
        return CodeLengths(classes, lambda corpus: _adaptive_cost(name, corpus), f"{name}, code length")
    compress = _compressor(name)
    return CodeLengths(classes, lambda corpus: _compressor_cost(compress, corpus), f"{name}, growth in whole bytes")


def _predictor_cost(name: str, options: str, corpus: bytes) -> Callable[[bytes], float]:
    taught = registry.create(name, **options_of(name, options))
    for symbol in corpus:
        taught.update(symbol)
    return lambda text: code_length_bits(_Taught(taught), text)


class _Taught:
    """A predictor that begins where its teacher stands, and leaves the teacher alone."""

    def __init__(self, teacher: Predictor) -> None:
        self.alphabet_size, self.memory_bytes = teacher.alphabet_size, teacher.memory_bytes
        self._teacher = teacher
        self.reset()

    def reset(self) -> None:
        self._predictor = copy.deepcopy(self._teacher)

    def predict(self) -> Frequencies:
        return self._predictor.predict()

    def update(self, symbol: int) -> None:
        self._predictor.update(symbol)


_JUDGED_BYTES = 1 << 16
"""So much of a text the adaptive model looks at: its state has room for that behind the examples, and is copied."""


def _adaptive_cost(name: str, corpus: bytes) -> Callable[[bytes], float]:
    from predzip.experiments.generation.adaptive import AdaptiveSource

    source = AdaptiveSource(name, strength_of(name))
    source.start(len(corpus) + _JUDGED_BYTES)
    source.take(corpus)
    return lambda text: source.cost_bits(text[:_JUDGED_BYTES]) * max(1.0, len(text) / _JUDGED_BYTES)


def _compressor(name: str) -> Callable[[bytes], bytes]:
    if name in ADAPTIVE_NAMES:
        import predzip

        return lambda data: predzip.compress(data, strength_of(name))
    word, _, options = name.partition(":")
    if word in registry.names():
        from predzip.codecs.entropy import EntropyCodec

        codec = EntropyCodec(word, **options_of(word, options))
        return lambda data: codec.encode_block(data)
    codec_name = ALIASES.get(name, name)
    if codec_name not in GENERAL_NAMES:
        raise UsageError(f"no method {name!r}; there are {', '.join(method_names())}")
    other = baseline(codec_name)
    other.check_installed()
    return other.compress


def _compressor_cost(compress: Callable[[bytes], bytes], corpus: bytes) -> Callable[[bytes], float]:
    before = len(compress(corpus))
    return lambda text: float(BITS_PER_BYTE * (len(compress(corpus + text)) - before))


def _checked(classes: Classes) -> Classes:
    if len(classes) < 2:
        raise UsageError(f"to classify takes two classes at least, not {len(classes)}")
    for label, examples in classes.items():
        if not any(examples):
            raise UsageError(f"class {label} has no example")
    return classes


def read_classes(folder: Path) -> dict[str, list[tuple[Path, bytes]]]:
    """Read a folder that holds a folder for each class, in a fixed order.

    Raises:
        UsageError: it holds no folder, or a class without a file.
    """
    found: dict[str, list[tuple[Path, bytes]]] = {}
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(path for path in place.rglob("*") if path.is_file())
        if not files:
            raise UsageError(f"class {place.name} in {folder} has no file")
        found[place.name] = [(path, path.read_bytes()) for path in files]
    if not found:
        raise UsageError(f"{folder} holds no folder: each class is a folder of examples")
    return found
