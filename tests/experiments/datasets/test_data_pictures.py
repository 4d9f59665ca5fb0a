"""Pictures to patches: against loops that say the same slowly."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from predzip.errors import UsageError
from predzip.experiments.datasets import images

Image = pytest.importorskip("PIL.Image")


def picture(width: int, height: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def slow_patches(pixels: np.ndarray) -> bytes:
    height, width, _ = pixels.shape
    out = bytearray()
    for top in range(height // 32):
        for left in range(width // 64):
            for y in range(32):
                for x in range(64):
                    red, green, blue = (int(value) for value in pixels[32 * top + y, 64 * left + x])
                    out.append((red + green + blue) // 3)
    return bytes(out)


def tar_of(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("size", [(64, 32), (130, 70), (63, 200)])
def test_patches_are_those_of_the_papers_code(size: tuple[int, int]) -> None:
    pixels = picture(*size)
    assert images.patches(Image.fromarray(pixels)) == slow_patches(pixels)


def test_grey_pictures_keep_their_values() -> None:
    grey = np.arange(2048, dtype=np.uint16).reshape(32, 64).astype(np.uint8)
    assert images.patches(Image.fromarray(grey)) == grey.tobytes()


def test_folder_and_tar_hold_the_same(tmp_path: Path) -> None:
    members = {"a/2.png": png(picture(128, 32, 2)), "a/10.png": png(picture(64, 64, 3)), "b.txt": b"no picture"}
    for name, data in members.items():
        target = tmp_path / "pictures" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    expected = slow_patches(picture(64, 64, 3)) + slow_patches(picture(128, 32, 2))  # by path: 10 before 2
    assert b"".join(images.folder_patches(tmp_path / "pictures")) == expected
    ordered = {name: members[name] for name in ("b.txt", "a/10.png", "a/2.png")}
    archive = tar_of(tmp_path / "pictures.tar.gz", ordered, "w:gz")
    assert b"".join(images.tar_patches(archive)) == expected


def test_a_tar_of_tars_as_imagenet_is_shipped(tmp_path: Path) -> None:
    inner = tar_of(tmp_path / "n01440764.tar", {"n01440764_1.JPEG.png": png(picture(64, 32))})
    outer = tar_of(tmp_path / "train.tar", {inner.name: inner.read_bytes()})
    assert b"".join(images.tar_patches(outer)) == slow_patches(picture(64, 32))


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"not a PNG")
    with pytest.raises(UsageError, match=r"broken\.png is not a picture"):
        list(images.folder_patches(tmp_path))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no picture"):
        list(images.folder_patches(tmp_path / "empty"))
    (tmp_path / "x.tar").write_bytes(b"no tar at all" * 100)
    with pytest.raises(UsageError, match="no tar archive"):
        list(images.tar_patches(tmp_path / "x.tar"))
    with pytest.raises(UsageError, match="holds no picture"):
        list(images.tar_patches(tar_of(tmp_path / "y.tar", {"a.txt": b"text"})))
