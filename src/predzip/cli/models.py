"""`predzip models`: what weights there are, what their cards say, whether they are the ones that were released."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from predzip.cli.columns import aligned
from predzip.cli.files import printable
from predzip.errors import ModelError, PredzipError
from predzip.predictors.neural import cards, catalogue
from predzip.predictors.neural.model_files import folder_path, tokenizer_path
from predzip.units import format_bytes

if TYPE_CHECKING:
    from predzip.predictors.neural.catalogue import Found

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 80, "terminal_width": 80}
_TITLES = ("name", "kind", "parameters", "bytes", "fingerprint", "bits/byte", "from")
_TEXT_COLUMNS = {"name", "kind", "fingerprint", "from"}
_FINGERPRINT_DIGITS = 16
"""So many stand in a frame, and in what `predzip -lv` prints."""
_CHECKED_BYTES = 16384
_SAMPLE_BYTES = 4096
_CHECKED_TOKENS = 1024


@click.group(invoke_without_command=True, context_settings=_SETTINGS)
@click.pass_context
def models(context: click.Context) -> int | None:
    """List the models on this machine, show their cards, verify or add weights.

    Models come with the package; others lie in the folder PREDZIP_MODELS names, else in the user's folder for data.
    bits/byte is what the card reports for held-out data. Smaller is better.
    """
    return list_models() if context.invoked_subcommand is None else None


def list_models() -> int:
    """Print the table; return the exit code."""
    code = 0
    rows = []
    for found in catalogue.installed():
        try:
            rows.append(_row(found))
        except PredzipError as error:
            rows.append((printable(found.name), "damaged", "", "", "", "", found.origin))
            click.echo(f"predzip: {printable(found.name)}: {error}", err=True)
            code = 1
    names = {found.name for found in catalogue.installed() if found.origin == "package"}
    rows += [
        (entry.name, "missing", "", "", "", "", "package") for entry in catalogue.shipped() if entry.name not in names
    ]
    click.echo(aligned([_TITLES, *rows], _TEXT_COLUMNS))
    return code


def _row(found: Found) -> tuple[str, ...]:
    from predzip.predictors.neural.weights import read_config

    config = read_config(found.stem)
    rate = cards.bits_per_byte(found.stem)
    return (
        printable(found.name),
        config["kind"],
        f"{cards.parameters(config):,}",
        f"{cards.bytes_on_disk(found.stem):,}",
        catalogue.fingerprint(found.stem).hex()[:_FINGERPRINT_DIGITS],
        "-" if rate is None else f"{rate:.3f}",
        found.origin,
    )


@models.command(short_help="Print the card of a model.", context_settings=_SETTINGS)
@click.argument("name", metavar="NAME|PATH")
def show(name: str) -> None:
    """Print the card of a model: data, licence, how to train it, rates, limits."""
    click.echo(cards.read_card(catalogue.locate(name).stem).rstrip("\n"))


@models.command(short_help="Compare weights with their fingerprints.", context_settings=_SETTINGS)
@click.argument("names", metavar="[NAME|PATH]...", nargs=-1)
def verify(names: tuple[str, ...]) -> int:
    """Hash weights and compare them with the list of fingerprints beside them.

    Without NAME: all models of the package, which must be there, and all of the user's folder. The exit code is 1
    where a model is missing, not listed, or not what the list says.
    """
    wrong = 0
    for found in [catalogue.locate(name) for name in names] if names else _all():
        verdict = _verdict(found)
        wrong += not verdict.startswith("ok")
        click.echo(f"{printable(found.name)}: {verdict}")
    return 1 if wrong else 0


def _all() -> list[Found]:
    installed = catalogue.installed()
    there = {found.name for found in installed if found.origin == "package"}
    missing = [entry for entry in catalogue.shipped() if entry.name not in there]
    return [*installed, *(catalogue.Found(entry.name, entry.file, "package") for entry in missing)]


def _verdict(found: Found) -> str:
    listed = catalogue.listed_fingerprint(found)
    try:
        actual = catalogue.fingerprint(found.stem)
    except (PredzipError, OSError):
        return "MISSING: its files cannot be read"
    if not listed:
        return f"NOT LISTED: {actual.hex()}"
    return f"ok, {actual.hex()}" if actual == listed else f"DIFFERS: {actual.hex()}, listed as {listed.hex()}"


@models.command(short_help="Copy weights into the user's folder.", context_settings=_SETTINGS)
@click.argument("path", metavar="PATH")
@click.option("-f", "--force", is_flag=True, help="Replace a model of that name.")
def add(path: str, force: bool) -> None:
    """Copy weights into the user's folder, so that files made with them decode without --model.

    PATH is that of NAME.json and NAME.safetensors[.xz], with or without a suffix; a card NAME.md is taken along.
    """
    from predzip.predictors.neural.model_files import files_of, stem_of, unpacked_files_of
    from predzip.predictors.neural.weights import read_weights

    source = stem_of(path)
    weights = read_weights(source)
    cards.parameters(weights.config)  # refuses what no engine of this release runs
    name = source.name
    if any(entry.name == name for entry in catalogue.shipped()):
        raise ModelError(f"{name} is the name of a model of the package; rename the files")
    folder = catalogue.user_folder()
    target = folder / name
    taken = [file for file in files_of(target) if file.exists()]
    if taken and not force and catalogue.fingerprint(target) != weights.fingerprint:
        raise ModelError(f"{folder} has another model named {name}; -f replaces it")
    folder.mkdir(parents=True, exist_ok=True)
    for file in (*files_of(source), cards.card_path(source), tokenizer_path(source), folder_path(source)):
        if file.exists():
            _copy(file, folder / file.name)
    plain = unpacked_files_of(target)[1]
    if files_of(source)[1].name != plain.name:
        plain.unlink(missing_ok=True)  # of the model that is replaced; it would go before the packed one
    catalogue.write_list(folder, {**catalogue.read_list(folder), name: weights.fingerprint})
    size = format_bytes(cards.bytes_on_disk(target))
    click.echo(f"{printable(name)}: {size}, fingerprint {weights.fingerprint.hex()}, in {printable(folder)}")


@models.command(short_help="Make a model of a language model.", context_settings=_SETTINGS)
@click.argument("source", metavar="hf:ORG/NAME[@REVISION]|FILE.gguf|FOLDER")
@click.option("--name", default="", metavar="NAME", help="Name of the model.  [default: after the source]")
@click.option("--context", type=click.IntRange(1), metavar="N", help="Tokens that it looks back at.  [default: 2048]")
@click.option("--check", metavar="FILE", help="Text for the comparison.  [default: predzip's description]")
@click.option("--no-check", is_flag=True, help="Do not compare.")
def convert(source: str, name: str, context: int | None, check: str | None, no_check: bool) -> None:
    """Convert a language model and keep it in the user's folder.

    --model SOURCE does this when SOURCE is named for the first time. The weights get 8 bits each, the arithmetic is
    exact: what the model compresses decodes on every machine that has it. What rounding costs is measured on a text, in
    bits per byte beside the model in floats.
    """
    from predzip.conversion.adopt import adopt

    stem = adopt(source, name=name, context=context, progress=_dots())
    click.echo(
        f"{printable(stem.name)}: {'in floats, ' if catalogue.runs_in_floats(stem) else ''}"
        f"{format_bytes(cards.bytes_on_disk(stem))}, fingerprint"
        f" {catalogue.fingerprint(stem).hex()}, in {printable(stem.parent)}"
    )
    if not no_check and not catalogue.runs_in_floats(stem):
        _tell_loss(source, stem, context, Path(check).read_bytes()[-_CHECKED_BYTES:] if check else _sample())


def _sample() -> bytes:
    """English at hand on every machine: the description that is installed with the package."""
    from email.message import Message
    from importlib.metadata import metadata

    return str(cast(Message, metadata("predzip")).get_payload()).encode()[:_SAMPLE_BYTES]


def _tell_loss(source: str, stem: Path, context: int | None, text: bytes) -> None:
    from predzip.codecs.tokenization import WITHOUT, tokenize
    from predzip.conversion.check import conversion_loss
    from predzip.conversion.convert import open_source
    from predzip.predictors.neural.vocabulary import Vocabulary

    tokens = tokenize(text, Vocabulary.from_weights(catalogue.load(str(stem))), tokenizer_path(stem))
    opened = open_source(source, context)
    loss = conversion_loss(opened, stem, tokens[tokens != WITHOUT], min(_CHECKED_TOKENS, opened.config.context))
    click.echo(
        f"{loss.text_bytes:,} bytes of text: {loss.exact_bpb:.4f} bits/byte, by the model in floats"
        f" {loss.float_bpb:.4f} ({loss.relative:+.2%})"
    )


@models.command(short_help="Fetch a language model from the hub and convert it.", context_settings=_SETTINGS)
@click.argument("source", metavar="[hf:]ORG/NAME[@REVISION]")
@click.option("--context", type=click.IntRange(1), metavar="N", help="Tokens that it looks back at.  [default: 2048]")
@click.pass_context
def pull(ctx: click.Context, source: str, context: int | None) -> None:
    """Fetch a language model from the Hugging Face hub and convert it.

    Only its description and its safetensors are fetched, of one commit, which the converted model records.
    HF_HUB_OFFLINE=1 takes what is in the cache.
    """
    named = source if source.startswith("hf:") else f"hf:{source}"
    ctx.invoke(convert, source=named, name="", context=context, check=None, no_check=False)


def _dots() -> Callable[[int, int], None] | None:
    """A line on standard error that tells how far a conversion is, if that is a terminal."""
    if not sys.stderr.isatty():
        return None

    def tell(done: int, total: int) -> None:
        click.echo(f"\rpredzip: converting, {done / total:4.0%}", err=True, nl=done == total)

    return tell


def _copy(source: Path, target: Path) -> None:
    """Copy a file that appears whole or not at all."""
    if target.exists() and source.samefile(target):
        return
    temporary = target.with_name(f".{target.name}.tmp")
    try:
        shutil.copyfile(source, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
