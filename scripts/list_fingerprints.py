"""Write the list of fingerprints beside the models of the package; to be run after a model was trained or replaced.

A line is what `cat NAME.json NAME.safetensors | sha256sum` prints, with the name in place of the dash. `predzip models
verify` and the tests compare with it. A model that was released keeps its fingerprint: files name it by that.
"""

from __future__ import annotations

from predzip.predictors.neural import catalogue


def main() -> None:
    """Hash all models of the package."""
    found = [each for each in catalogue.installed() if each.origin == "package"]
    catalogue.write_list(catalogue.SHIPPED_FOLDER, {each.name: catalogue.fingerprint(each.stem) for each in found})
    print((catalogue.SHIPPED_FOLDER / catalogue.FINGERPRINTS).read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    main()
