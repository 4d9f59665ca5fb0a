"""The documentation says what is true: marked examples run, help texts are current, links lead somewhere.

A comment on the line before a block makes it run:

    <!-- run -->
    ```python          executed; blocks of one page share their variables and a scratch folder
    ```console         every `$ ...` line goes to a shell; the lines below it are its expected output,
                       in which `...` stands for anything

The scratch folder holds `book.txt`, a real book.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BOOK = ROOT / "examples" / "data" / "alice29.txt"
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").rglob("*.md")})
_BLOCK = re.compile(r"^<!-- run -->\n```(?P<language>python|console)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?<!`)!?\[[^\]\n]*\]\((?P<target>[^)\s]+)\)")
_MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:" + "|".join(["work", "root", "home", "Users"]) + r")/\w")


def page_id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def marked_blocks(page: str) -> list[tuple[str, str]]:
    return [(block["language"], block["body"]) for block in _BLOCK.finditer(page)]


def output_matches(expected: str, actual: str) -> bool:
    """Compare line by line, blanks at line ends aside; `...` stands for anything, a line of it for any lines."""
    pattern = "\n".join(line.rstrip() for line in expected.strip("\n").split("\n"))
    got = "\n".join(line.rstrip() for line in actual.strip("\n").split("\n"))
    return re.fullmatch(".*?".join(re.escape(part) for part in pattern.split("...")), got, re.DOTALL) is not None


def run_console(body: str, folder: Path) -> None:
    """Run each command of a console block and compare what it prints."""
    search_path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": search_path, "COLUMNS": "80", "NO_COLOR": "1"}
    commands = re.split(r"^\$ ", body, flags=re.MULTILINE)
    assert not commands[0].strip(), "a console block begins with a command"
    for command in commands[1:]:
        line, _, expected = command.partition("\n")
        finished = subprocess.run(
            ["bash", "-c", line],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert output_matches(expected, finished.stdout), f"$ {line}\nprinted:\n{finished.stdout}\nand not:\n{expected}"


@pytest.mark.parametrize(
    "page", [path for path in PAGES if marked_blocks(path.read_text(encoding="utf-8"))] or [None], ids=str
)
def test_marked_examples_run(page: Path | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if page is None:
        pytest.skip("no page has a marked example")
    shutil.copyfile(BOOK, tmp_path / "book.txt")
    monkeypatch.chdir(tmp_path)
    variables: dict[str, object] = {"__name__": "__main__"}
    for language, body in marked_blocks(page.read_text(encoding="utf-8")):
        if language == "python":
            exec(compile(body, str(page), "exec"), variables)
        else:
            run_console(body, tmp_path)


def test_help_texts_are_current() -> None:
    finished = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "help_text.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_relative_links_lead_somewhere(page: Path) -> None:
    targets = [link["target"].partition("#")[0] for link in _LINK.finditer(page.read_text(encoding="utf-8"))]
    local = [target for target in targets if target and "://" not in target and not target.startswith("mailto:")]
    assert not [target for target in local if not (page.parent / target).exists()]


def test_no_path_of_one_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    names = listed.split("\0") if listed else [page_id(path) for path in PAGES]
    wrong = []
    for name in filter(None, names):
        path = ROOT / name
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        if _MACHINE_PATH.search(text):
            wrong.append(name)
    assert not wrong


def test_comparison_of_output() -> None:
    assert output_matches("a ... c\n...\nend\n", "a b c\n1\n2\nend   \n\n")
    assert not output_matches("a ... c\n", "a b d\n")


def test_marks_are_found() -> None:
    page = "<!-- run -->\n```python\nx = 1\n```\n\n```python\nnot run\n```\n<!-- run -->\n```console\n$ true\n```\n"
    assert marked_blocks(page) == [("python", "x = 1\n"), ("console", "$ true\n")]


def test_machine_paths_are_seen() -> None:
    assert _MACHINE_PATH.search("see " + "/ro" + "ot/x")
    assert not _MACHINE_PATH.search("https://example.org/home/page and a/work/b")
