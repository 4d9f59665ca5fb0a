"""Downloads from a server in this process: size and hash are checked, and nothing half-done stays."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

import corpus
from predzip.errors import CorruptError, PredzipError
from predzip.experiments.datasets import download
from predzip.experiments.datasets.download import ENWIK8, ENWIK9, Download, fetch, member_pieces

CONTENT = corpus.book(5000)


def zipped(content: bytes, name: str = "wiki") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readme.txt", "short")
        archive.writestr(name, content)
    return stream.getvalue()


ARCHIVE = zipped(CONTENT)


class _Handler(BaseHTTPRequestHandler):
    requests: list[str]

    def do_GET(self) -> None:
        self.requests.append(self.path)
        if self.path != "/wiki.zip":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(ARCHIVE)))
        self.end_headers()
        self.wfile.write(ARCHIVE)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Download]:
    monkeypatch.setenv("PREDZIP_CACHE", str(tmp_path / "cache"))
    _Handler.requests = []
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    digest = hashlib.sha1(CONTENT).hexdigest()
    url = f"http://127.0.0.1:{server.server_port}/wiki.zip"
    yield Download("wiki", url, len(ARCHIVE), "wiki", len(CONTENT), digest, "free")
    server.shutdown()
    thread.join()
    server.server_close()


def leftovers(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache").rglob("*") if path.is_file())


def test_once_over_the_wire_then_from_disk(wanted: Download, tmp_path: Path) -> None:
    said: list[str] = []
    assert fetch(wanted, said.append).read_bytes() == CONTENT
    assert fetch(wanted, said.append).read_bytes() == CONTENT
    assert _Handler.requests == ["/wiki.zip"]
    assert len(said) == 1
    assert "127.0.0.1" in said[0]
    assert leftovers(tmp_path) == ["wiki"]


def test_from_a_file_address(wanted: Download, tmp_path: Path) -> None:
    (tmp_path / "here.zip").write_bytes(ARCHIVE)
    local = replace(wanted, url=(tmp_path / "here.zip").as_uri())
    assert fetch(local).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"archive_bytes": len(ARCHIVE) + 1}, CorruptError, "bytes instead of"),
        ({"member_sha1": "0" * 40}, CorruptError, "SHA-1 differs"),
        ({"member_bytes": 100}, CorruptError, "not what its author published"),
        ({"member": "other"}, CorruptError, "does not hold other"),
        ({"url": "ftp://example.org/x.zip"}, PredzipError, "not an address"),
    ],
)
def test_what_is_wrong_is_refused_and_leaves_nothing(
    wanted: Download, tmp_path: Path, change: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        fetch(replace(wanted, **change))
    assert leftovers(tmp_path) == []


def test_without_the_page_the_message_says_what_to_do(wanted: Download, tmp_path: Path) -> None:
    for url in (wanted.url.replace("wiki.zip", "gone"), "http://127.0.0.1:9/wiki.zip"):
        with pytest.raises(PredzipError, match=r"--data text=PATH/wiki\.zip"):
            fetch(replace(wanted, url=url))
    assert leftovers(tmp_path) == []


def test_an_archive_may_lie_about_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK no zip")
    with pytest.raises(CorruptError, match="not a zip file"):
        list(member_pieces(tmp_path / "x.zip"))
    (tmp_path / "y.zip").write_bytes(ARCHIVE)
    assert b"".join(member_pieces(tmp_path / "y.zip")) == CONTENT  # the largest member


def test_the_published_facts() -> None:
    assert (ENWIK8.member_bytes, ENWIK9.member_bytes) == (10**8, 10**9)
    assert all(len(each.member_sha1) == 40 for each in (ENWIK8, ENWIK9))
    assert all(each.url.startswith("https:") for each in (ENWIK8, ENWIK9))
    assert download._TIMEOUT_SECONDS < 600
