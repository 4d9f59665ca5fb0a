"""`predzip classify`: arguments and screen; the deciding is in `experiments.classification`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from predzip.cli.files import is_terminal, printable
from predzip.cli.progress import Bar
from predzip.errors import UsageError

if TYPE_CHECKING:
    from predzip.experiments.classification import Classifier
    from predzip.experiments.classification_report import Judged

_Folder = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(
    short_help="Sort files into classes by code length.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80, "terminal_width": 80},
)
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--train", metavar="DIR", required=True, type=_Folder, help="Examples: a folder for each class.")
@click.option("--test", metavar="DIR", type=_Folder, help="Measure on texts of known class: a folder for each.")
@click.option(
    "--method", metavar="NAME", help="A predictor, predzip, or a compressor.  [default: ppm; gzip with --knn]"
)
@click.option(
    "--knn",
    "neighbours",
    metavar="K",
    type=click.IntRange(1),
    help="Let the K nearest examples vote, by NCD.  [default: by code length]",
)
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each text, and one for the whole.")
def classify(
    files: tuple[Path, ...], train: Path, test: Path | None, method: str | None, neighbours: int | None, as_json: bool
) -> None:
    """Say to which class each FILE belongs: the one whose examples make it short.

    Each class is a folder of examples in DIR. A predictor is taught the examples of each class, and the class that
    codes a file in the fewest bits is its own. With --knn the examples nearest to it vote; the distance is
    normalised compression distance.

    With --test, files of known class show how often that is right. Classes that come out equal are all named, and
    count as right with a chance of one in so many.
    """
    from predzip.experiments.classification import make_classifier, read_classes
    from predzip.experiments.classification_report import Judged, report_json, report_text

    if bool(files) == (test is not None):
        raise UsageError("name the FILEs to classify, or --test DIR to measure: one of both")
    examples = read_classes(train)
    known = read_classes(test) if test is not None else {"": [(path, path.read_bytes()) for path in files]}
    unknown = sorted(known.keys() - examples.keys() - {""})
    if unknown:
        raise UsageError(f"no examples of class {', '.join(unknown)} in {train}")
    classifier = make_classifier(
        {label: [data for _, data in entries] for label, entries in examples.items()}, method, neighbours
    )
    tested: list[Judged] = []
    total = sum(len(data) for entries in known.values() for _, data in entries)
    with Bar("classify", total, shown=is_terminal(sys.stderr) and test is not None) as bar:
        for label, entries in known.items():
            for path, data in entries:
                tested.append(Judged(path, classifier.classify(data), label))
                if test is None or as_json:
                    _show(tested[-1], classifier, as_json)
                bar(len(data))
    if test is not None:
        click.echo((report_json if as_json else report_text)(classifier.about, tested), nl=False)


def _show(tested: Judged, classifier: Classifier, as_json: bool) -> None:
    from predzip.experiments.classification_report import line_of

    if as_json:
        click.echo(json.dumps(tested.record(classifier.unit)))
    else:
        click.echo(f"{printable(tested.file)}: {line_of(tested, classifier.unit)}")
