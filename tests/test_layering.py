"""Imports go one way, and the packages that are slow to load stay where they are used.

    errors, units, places, jit <- coding <- predictors <- codecs <- api <- experiments <- cli
                                            predictors <- training <- experiments, cli
                                            predictors <- conversion <- api, experiments, cli
    errors, units              <- container <-------------------- api

Only the text of the sources is read: nothing is imported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "predzip"
MODULES = {
    ".".join(("predzip", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

BASE = {"errors", "units", "places", "jit"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "units": {"errors"},
    "places": set(),
    "jit": {"errors", "places"},
    "container": {"errors", "units"},
    "coding": BASE,
    "predictors": BASE | {"coding"},
    "codecs": BASE | {"coding", "predictors"},
    "api": BASE | {"coding", "predictors", "codecs", "container", "conversion"},
    "training": BASE | {"coding", "predictors"},
    "conversion": BASE | {"coding", "predictors"},
    "experiments": BASE | {"coding", "predictors", "codecs", "container", "api", "training", "conversion"},
    "cli": BASE | {"coding", "predictors", "codecs", "container", "api", "experiments", "training", "conversion"},
}
API_MODULES = {
    "__init__",
    "__main__",
    "streams",
    "inspection",
    "files",
    "parallel",
    "fsspec",
    "integrations",
    "cluster",
}
"""Top-level modules that stand in the layer of `api`: the library as its users see it."""
COMMAND_LINE_MODULES = {"__main__"}

HEAVY = {
    *("torch", "transformers", "dask", "matplotlib", "numba", "rich", "imagecodecs", "soundfile", "pandas", "fsspec"),
    *("PIL", "brotli", "pyppmd", "backports", "psutil", "scipy", "distributed", "tokenizers", "datasets"),
    *("gguf", "huggingface_hub", "accelerate"),
}
DOORS_TO_NUMBA = {
    "predzip.jit",
    "predzip.predictors.mixing.atomics",
    "predzip.predictors.mixing.int32",
    "predzip.predictors.mixing.prefetch",
    "predzip.predictors.neural.recurrent.vectors",
    "predzip.predictors.neural.transformer.vectors",
}
"""What compiles, and what adds instructions to the compiler; every other kernel goes through these."""


def layer(module: str) -> str:
    """The layer of a module, named as in `MAY_IMPORT`."""
    parts = module.split(".")
    top = parts[1] if len(parts) > 1 else "__init__"
    if top in COMMAND_LINE_MODULES:
        return "cli"
    return "api" if top in API_MODULES else top


def imports(path: Path, *, module_level_only: bool = False) -> Iterator[str]:
    """Absolute names of what a file imports; `from a import b` gives a.b where that is a module of ours, else a."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in _module_level(tree) if module_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            source = node.module or ""
            submodules = {name for alias in node.names if (name := f"{source}.{alias.name}") in MODULES}
            yield from submodules
            if not submodules or len(submodules) < len(node.names):
                yield source


def _module_level(tree: ast.AST) -> Iterator[ast.AST]:
    """Every statement that runs when the module is imported."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _module_level(node)


def loaded_with(module: str) -> set[str]:
    """Everything that importing a module of ours imports, packages outside included."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in MODULES:
            parents = [name.rsplit(".", level)[0] for level in range(1, name.count(".") + 1)]
            waiting += [*parents, *imports(MODULES[name], module_level_only=True)]
    return seen


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_layer(module: str) -> None:
    assert layer(module) in MAY_IMPORT, f"{module}: say in test_layering.py which layer this belongs to"


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_one_way(module: str) -> None:
    own = layer(module)
    ours = {name for name in imports(MODULES[module]) if name.split(".")[0] == "predzip"}
    wrong = {name for name in ours if layer(name) not in MAY_IMPORT[own] | {own}}
    assert not wrong, f"{module} ({own}) must not import {sorted(wrong)}"


@pytest.mark.parametrize("module", MODULES)
def test_heavy_packages_are_imported_where_they_are_used(module: str) -> None:
    tops = {name.split(".")[0] for name in imports(MODULES[module], module_level_only=True)}
    if layer(module) == "training":  # nobody outside imports it but in a function: see below
        tops.discard("torch")
    assert not (tops & HEAVY) - ({"numba", "llvmlite"} if module in DOORS_TO_NUMBA else set())


@pytest.mark.parametrize("module", [name for name in MODULES if layer(name) != "training"])
def test_training_is_imported_where_it_is_used(module: str) -> None:
    assert not {name for name in imports(MODULES[module], module_level_only=True) if layer(name) == "training"}


@pytest.mark.parametrize("module", MODULES)
def test_numba_enters_by_its_doors(module: str) -> None:
    tops = {name.split(".")[0] for name in imports(MODULES[module])}
    assert "numba" not in tops or module in DOORS_TO_NUMBA


@pytest.mark.parametrize("module", [name for name in MODULES if layer(name) in {"container", "api", "cli"}])
def test_nothing_that_help_or_listing_loads_compiles_kernels(module: str) -> None:
    assert not {name for name in loaded_with(module) if name == "predzip.jit" or name.split(".")[0] in HEAVY}


def test_the_walk_finds_what_it_should() -> None:
    assert {"predzip.jit", "numba", "numpy"} <= loaded_with("predzip.coding.binary")
    assert "predzip.errors" in set(imports(MODULES["predzip.codecs.levels"]))
