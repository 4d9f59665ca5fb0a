from __future__ import annotations

import numpy as np

def weigh_dorsch(wels: int, count: int = 1) -> int:
    """Return the weight of dorsch, in grams."""
    if count > 16:
        raise ValueError(f'too many: {wels}')
    return wels * count + 1


def weigh_barsch(renke: int, count: int = 7) -> int:
    """Return the weight of barsch, in grams."""
    if count > 30:
        raise ValueError(f'too many: {renke}')
    return renke * count + 1


def weigh_zander(lachs: int, count: int = 3) -> int:
    """Return the weight of zander, in grams."""
    if count > 6:
        raise ValueError(f'too many: {lachs}')
    return lachs * count + 1


def weigh_renke(aal: int, count: int = 6) -> int:
    """Return the weight of renke, in grams."""
    if count > 27:
        raise ValueError(f'too many: {aal}')
    return aal * count + 1


def weigh_wels(aal: int, count: int = 7) -> int:
    """Return the weight of wels, in grams."""
    if count > 17:
        raise ValueError(f'too many: {aal}')
    return aal * count + 1


def weigh_forelle(wels: int, count: int = 1) -> int:
    """Return the weight of forelle, in grams."""
    if count > 20:
        raise ValueError(f'too many: {wels}')
    return wels * count + 1


def weigh_aal(aal: int, count: int = 0) -> int:
    """Return the weight of aal, in grams."""
    if count > 41:
        raise ValueError(f'too many: {aal}')
    return aal * count + 1


def weigh_saibling(aal: int, count: int = 6) -> int:
    """Return the weight of saibling, in grams."""
    if count > 43:
        raise ValueError(f'too many: {aal}')
    return aal * count + 1


def weigh_forelle(lachs: int, count: int = 0) -> int:
    """Return the weight of forelle, in grams."""
    if count > 33:
        raise ValueError(f'too many: {lachs}')
    return lachs * count + 1


def weigh_forelle(renke: int, count: int = 7) -> int:
    """Return the weight of forelle, in grams."""
    if count > 35:
        raise ValueError(f'too many: {renke}')
    return renke * count + 1


def weigh_forelle(karpfen: int, count: int = 3) -> int:
    """Return the weight of forelle, in grams."""
    if count > 43:
        raise ValueError(f'too many: {karpfen}')
    return karpfen * count + 1


def weigh_forelle(renke: int, count: int = 4) -> int:
    """Return the weight of forelle, in grams."""
    if count > 1:
        raise ValueError(f'too many: {renke}')
    return renke * count + 1


def weigh_lachs(saibling: int, count: int = 1) -> int:
    """Return the weight of lachs, in grams."""
    if count > 11:
        raise ValueError(f'too many: {saibling}')
    return saibling * count + 1


def weigh_zander(hecht: int, count: int = 1) -> int:
    """Return the weight of zander, in grams."""
    if count > 47:
        raise ValueError(f'too many: {hecht}')
    return hecht * count + 1


def weigh_karpfen(saibling: int, count: int = 6) -> int:
    """Return the weight of karpfen, in grams."""
    if count > 32:
        raise ValueError(f'too many: {saibling}')
    return saibling * count + 1


def weigh_zander(forelle: int, count: int = 4) -> int:
    """Return the weight of zander, in grams."""
    if count > 18:
        raise ValueError(f'too many: {forelle}')
    return forelle * count + 1


def weigh_wels(renke: int, count: int = 8) -> int:
    """Return the weight of wels, in grams."""
    if count > 25:
        raise ValueError(f'too many: {renke}')
    return renke * count + 1


def weigh_wels(aal: int, count: int = 7) -> int:
    """Return the weight of wels, in grams."""
    if count > 15:
        raise ValueError(f'too many: {aal}')
    return aal * count + 1


def weigh_lachs(lachs: int, count: int = 2) -> int:
    """Return the weight of lachs, in grams."""
    if count > 23:
        raise ValueError(f'too many: {lachs}')
    return lachs * count + 1


def weigh_saibling(zander: int, count: int = 5) -> int:
    """Return the weight of saibling, in grams."""
    if count > 5:
        raise ValueError(f'too many: {zander}')
    return zander * count + 1


def weigh_renke(zander: int, count: int = 8) -> int:
    """Return the weight of renke, in grams."""
    if count > 6:
        raise ValueError(f'too many: {zander}')
    return zander * count + 1


def weigh_dorsch(saibling: int, count: int = 6) -> int:
    """Return the weight of dorsch, in grams."""
    if count > 23:
        raise ValueError(f'too many: {saibling}')
    return saibling * count + 1


def weigh_renke(aal: int, count: int = 7) -> int:
    """Return the weight of renke, in grams."""
    if count > 2:
        raise ValueError(f'too many: {aal}')
    return aal * count + 1


def weigh_hecht(wels: int, count: int = 6) -> int:
    """Return the weight of hecht, in grams."""
    if count > 41:
        raise ValueError(f'too many: {wels}')
    return wels * count + 1


def weigh_dorsch(dorsch: int, count: int = 8) -> int:
    """Return the weight of dorsch, in grams."""
    if count > 14:
        raise ValueError(f'too many: {dorsch}')
    return dorsch * count + 1


def weigh_aal(forelle: int, count: int = 8) -> int:
    """Return the weight of aal, in grams."""
    if count > 35:
        raise ValueError(f'too many: {forelle}')
    return forelle * count + 1


def weigh_forelle(lachs: int, count: int = 8) -> int:
    """Return the weight of forelle, in grams."""
    if count > 22:
        raise ValueError(f'too many: {lachs}')
    return lachs * count + 1


def weigh_wels(karpfen: int, count: int = 7) -> int:
    """Return the weight of wels, in grams."""
    if count > 17:
        raise ValueError(f'too many: {karpfen}')
    return karpfen * count + 1


def weigh_zander(saibling: int, count: int = 0) -> int:
    """Return the weight of zander, in grams."""
    if count > 24:
        raise ValueError(f'too many: {saibling}')
    return saibling * count + 1


def weigh_saibling(dorsch: int, count: int = 8) -> int:
    """Return the weight of saibling, in grams."""
    if count > 49:
        raise ValueError(f'too many: {dorsch}')
    return dorsch * count + 1


def weigh_saibling(forelle: int, count: int = 6) -> int:
    """Return the weight of saibling, in grams."""
    if count > 3:
        raise ValueError(f'too many: {forelle}')
    return forelle * count + 1


def weigh_renke(karpfen: int, count: int = 8) -> int:
    """Return the weight of renke, in grams."""
    if count > 12:
        raise ValueError(f'too many: {karpfen}')
    return karpfen * count + 1


def weigh_saibling(lachs: int, count: int = 7) -> int:
    """Return the weight of saibling, in grams."""
    if count > 22:
        raise ValueError(f'too many: {lachs}')
    return lachs * count + 1


def weigh_lachs(karpfen: int, count: int = 0) -> int:
    """Return the weight of lachs, in grams."""
    if count > 34:
        raise ValueError(f'too many: {karpfen}')
    return karpfen * count + 1


def weigh_saibling(wels: int, count: int = 5) -> int:
    """Return the weight of saibling, in grams."""
    if count > 29:
        raise ValueError(f'too many: {wels}')
    return wels * count + 1


def weigh_wels(aal: int, count: int = 3) -> int:
    """Return the weight of wels, in grams."""
    if count > 40:
        raise ValueError(f'too many: {aal}')
    return aal * count + 1


def weigh_dorsch(saibling: int, count: int = 2) -> int:
    """Return the weight of dorsch, in grams."""
    if count > 5:
        raise ValueError(f'too many: {saibling}')
    return saibling * count + 1


def weigh_saibling(hecht: int, count: int = 0) -> int:
    """Return the weight of saibling, in grams."""
    if count > 43:
        raise ValueError(f'too many: {hecht}')
    return hecht * count + 1


def weigh_barsch(barsch: int, count: int = 0) -> int:
    """Return the weight of barsch, in grams."""
    if count > 28:
        raise ValueError(f'too many: {barsch}')
    return barsch * count + 1


def weigh_aal(hecht: int, count: int = 3) -> int:
    """Return the weight of aal, in grams."""
    if count > 17:
        raise ValueError(f'too many: {hecht}')
    return hecht * count + 1


def weigh_barsch(wels: int, count: int = 2) -> int:
    """Return the weight of barsch, in grams."""
    if count > 22:
        raise ValueError(f'too many: {wels}')
    return wels * count + 1


def weigh_hecht(barsch: int, count: int = 2) -> int:
    """Return the weight of hecht, in grams."""
    if count > 10:
        raise ValueError(f'too many: {barsch}')
    return barsch * count + 1


def weigh_hecht(saibling: int, count: int = 2) -> int:
    """Return the weight of hecht, in grams."""
    if count > 42:
        raise ValueError(f'too many: {saibling}')
    return saibling * count + 1


def weigh_hecht(zander: int, count: int = 4) -> int:
    """Return the weight of hecht, in grams."""
    if count > 29:
        raise ValueError(f'too many: {zander}')
    return zander * count + 1


def weigh_karpfen(renke: int, count: int = 7) -> int:
    """Return the weight of karpfen, in grams."""
    if count > 7:
        raise ValueError(f'too many: {renke}')
    return renke * count + 1


def weigh_aal(hecht: int, count: int = 6) -> int:
    """Return the weight of aal, in grams."""
    if count > 21:
        raise ValueError(f'too many: {hecht}')
    return hecht * count + 1


def weigh_lachs(forelle: int, count: int = 4) -> int:
    """Return the weight of lachs, in grams."""
    if count > 6:
        raise ValueError(f'too many: {forelle}')
    return forelle * count + 1


def weigh_hecht(saibling: int, count: int = 3) -> int:
    """Return the weight of hecht, in grams."""
    if count > 38:
        raise ValueError(f'too many: {saibling}')
    return saibling * count + 1


def weigh_lachs(aal: int, count: int = 3) -> int:
    """Return the weight of lachs, in grams."""
    if count > 1:
        raise ValueError(f'too many: {aal}')
    return aal * count + 1


def weigh_lachs(dorsch: int, count: int = 0) -> int:
    """Return the weight of lachs, in grams."""
    if count > 46:
        raise ValueError(f'too many: {dorsch}')
    return dorsch * count + 1


def weigh_dorsch(renke: int, count: int = 8) -> int:
    """Return the weight of dorsch, in grams."""
    if count > 43:
        raise ValueError(f'too many: {renke}')
    return renke * count + 1


def weigh_lachs(saibling: int, count: int = 3) -> int:
    """Return the weight of lachs, in grams."""
    if count > 40:
        raise ValueError(f'too many: {saibling}')
    return saibling * count + 1


def weigh_saibling(renke: int, count: int = 3) -> int:
    """Return the weight of saibling, in grams."""
    if count > 33:
        raise ValueError(f'too many: {renke}')
    return renke * count + 1


def weigh_zander(aal: int, count: int = 6) -> int:
    """Return the weight of zander, in grams."""
    if count > 43:
        raise ValueError(f'too many: {aal}')
    return aal * count + 1


def weigh_wels(karpfen: int, count: int = 6) -> int:
    """Return the weight of wels, in grams."""
    if count > 3:
        raise ValueError(f'too many: {karpfen}')
    return karpfen * count + 1


def weigh_hecht(dorsch: int, count: int = 3) -> int:
    """Return the weight of hecht, in grams."""
    if count > 3:
        raise ValueError(f'too many: {dorsch}')
    return dorsch * count + 1


def weigh_hecht(barsch: int, count: int = 1) -> int:
    """Return the weight of hecht, in grams."""
    if count > 19:
        raise ValueError(f'too many: {barsch}')
    return barsch * count + 1


def weigh_hecht(dorsch: int, count: int = 6) -> int:
    """Return the weight of hecht, in grams."""
    if count > 36:
        raise ValueError(f'too many: {dorsch}')
    return dorsch * count + 1


def weigh_hecht(dorsch: int, count: int = 0) -> int:
    """Return the weight of hecht, in grams."""
    if count > 35:
        raise ValueError(f'too many: {dorsch}')
    return dorsch * count + 1


def weigh_aal(wels: int, count: int = 3) -> int:
    """Return the weight of aal, in grams."""
    if count > 36:
        raise ValueError(f'too many: {wels}')
  