"""How well a reader reads: on generated views that it never saw, and on folders of real pictures.

A folder holds pictures and `gt.tsv` with columns `file`, a box (`x y w h` or `x0 y0 x1 y1`) and
`text`. Nothing is ever learned from such a folder.
"""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import torch

from .cutout import cut
from .photo import Photographer, View
from .texts import CHARSET, SLOTS_FIRST

#: How much more than the box is cut out.
MARGIN = (0.02, 0.04)


def generated(seed: int, n: int) -> tuple[np.ndarray, list[str]]:
    """Readable views: pictures and texts."""
    cv2.setNumThreads(0)
    photographer = Photographer(seed)
    views: list[View] = []
    while len(views) < n:
        view = photographer.view()
        if view.kind < 2:
            views.append(view)
    return np.stack([v.picture for v in views]), [text_of(np.array(v.slots)) for v in views]


def text_of(classes: np.ndarray) -> str:
    chars = [CHARSET[c] for c in classes]
    first, last = "".join(chars[:SLOTS_FIRST]).replace("_", ""), "".join(
        chars[SLOTS_FIRST:]
    ).replace("_", "")
    return f"{first}/{last}" if first else last


def key(text: str) -> str:
    return (
        text.replace("/", "")
        .replace("-", "")
        .replace(".", "")
        .replace(" ", "")
        .replace("Đ", "D")
        .upper()
    )


def stretches(p: np.ndarray) -> list[tuple[int, int]]:
    """Where something is shown: from, to, in columns. `p` is columns x classes."""
    shows = np.concatenate([[False], p[:, 0] < 0.5, [False]])
    edges = np.flatnonzero(np.diff(shows.astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist()))


def characters(p: np.ndarray) -> tuple[str, list[float]]:
    """One row's text and how sure each character is: an unbroken stretch is one character."""
    text, scores = "", []
    for start, end in stretches(p):
        columns = p[start:end]
        k = int(columns[:, 1:].sum(0).argmax()) + 1
        shown = 1 - columns[:, 0]
        text += CHARSET[k]
        scores.append(float(columns[:, k].sum() / shown.sum() * shown.max()))
    return text, scores


def collapsed(p: np.ndarray) -> tuple[str, float]:
    """One row's text, and how sure the least sure of its decisions is; `p` is columns x classes.

    The same as the product does: besides its characters, a row is as sure as it is that nothing
    stands in the gaps, that each gap is one, and that no stretch is two characters.
    """
    text, scores = characters(p)
    found = stretches(p)
    classes = [CHARSET.index(c) for c in text]
    ends = [0, *(end for _, end in found)]
    starts = [*(start for start, _ in found), len(p)]
    for n, (start, end) in enumerate(zip(ends, starts)):
        if start == end:
            continue
        clear = p[start:end, 0].copy()
        for beside in set(classes[max(0, n - 1) : n + 1]):
            clear += p[start:end, beside]
        scores.append(float(min(1.0, clear.min())))
        if 0 < n < len(found):
            scores.append(float(p[start:end, 0].max()))
    for start, end in found:
        shown = 1 - p[start:end, 0]
        for m in range(1, len(shown) - 1):
            if shown[m] < min(shown[:m].max(), shown[m + 1 :].max()):
                scores.append(float(shown[m]))
    return text, min(scores, default=1.0)


@torch.no_grad()
def read(net: torch.nn.Module, pictures: np.ndarray) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Texts, how sure the least sure decision of each is, and the kind."""
    net.eval()
    texts, lowest, kinds = [], [], []
    for k in range(0, len(pictures), 128):
        x = torch.from_numpy(pictures[k : k + 128]).permute(0, 3, 1, 2).float()
        first, last, kind, _ = net(x.contiguous(memory_format=torch.channels_last))
        rows = [row.float().softmax(-1).numpy() for row in (first, last)]
        for n in range(len(x)):
            (a, sure_a), (b, sure_b) = (collapsed(p[n]) for p in rows)
            texts.append(f"{a}/{b}" if a else b)
            lowest.append(min(sure_a, sure_b))
        kinds.append(kind.argmax(1).numpy())
    return texts, np.array(lowest), np.concatenate(kinds)


def exact(net: torch.nn.Module, held_out: tuple[np.ndarray, list[str]]) -> float:
    texts, _, _ = read(net, held_out[0])
    return float(np.mean([a == b for a, b in zip(texts, held_out[1])]))


class Sets:
    """Folders of real pictures, cut once."""

    def __init__(self, folders: list[str]) -> None:
        self.sets = {Path(f).name: self._load(Path(f)) for f in folders}

    @staticmethod
    def _load(folder: Path) -> tuple[np.ndarray, list[str]]:
        pictures, texts = [], []
        with (folder / "gt.tsv").open() as rows:
            for row in csv.DictReader(rows, delimiter="\t"):
                picture = cv2.imread(str(folder / row["file"]))
                if "w" in row:
                    x, y, w, h = (float(row[k]) for k in ("x", "y", "w", "h"))
                else:
                    x, y = float(row["x0"]), float(row["y0"])
                    w, h = float(row["x1"]) - x, float(row["y1"]) - y
                dx, dy = w * MARGIN[0], h * MARGIN[1]
                box = [
                    (x - dx, y - dy),
                    (x + w + dx, y - dy),
                    (x + w + dx, y + h + dy),
                    (x - dx, y + h + dy),
                ]
                pictures.append(cut(picture, np.array(box)))
                texts.append(row["text"])
        return np.stack(pictures), texts

    def exact(self, net: torch.nn.Module) -> dict[str, float]:
        """The share that is right, and the share of wrong ones among the surest 92 %."""
        result: dict[str, float] = {}
        for name, (pictures, truth) in self.sets.items():
            texts, lowest, _ = read(net, pictures)
            right = np.array([key(a) == key(b) for a, b in zip(texts, truth)])
            surest = np.argsort(-lowest)[: int(len(right) * 0.92)]
            result[name] = round(float(right.mean()), 4)
            result[f"{name}.wrong_at_92"] = round(float(1 - right[surest].mean()), 4)
        return result
