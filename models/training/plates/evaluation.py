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

from .photo import Photographer, View, cut
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


def characters(p: np.ndarray, c: np.ndarray) -> tuple[str, list[float]]:
    """One row's text, each character as sure as its surest column."""
    text, scores, before = "", [], 0
    for probability, k in zip(p, c):
        if k != 0 and k == before:
            scores[-1] = max(scores[-1], float(probability))
        elif k != 0:
            text += CHARSET[k]
            scores.append(float(probability))
        before = k
    return text, scores


def collapsed(p: np.ndarray) -> tuple[str, float]:
    """One row's text, and how sure the least sure of its decisions is; `p` is columns x classes.

    The same as the product does: a character is as sure as its surest column, a gap as its columns
    are to be nothing or what stands beside it, and two equal characters must be told from one.
    """
    classes = p.argmax(1)
    text, scores = characters(p.max(1), classes)
    cuts = np.flatnonzero(np.diff(classes)) + 1
    runs = list(zip([0, *cuts], [*cuts, len(classes)]))
    for n, (start, end) in enumerate(runs):
        k = classes[start]
        if k == 0:
            before = classes[start - 1] if 0 < n else 0
            after = classes[end] if n + 1 < len(runs) else 0
            clear = p[start:end, 0].copy()
            for beside in {int(before), int(after)} - {0}:
                clear += p[start:end, beside]
            scores.append(float(min(1.0, clear.min())))
            if before == after != 0:
                scores.append(float(p[start:end, 0].max()))
            continue
        for m in range(start + 1, end - 1):
            if p[m, k] < min(p[start:m, k].max(), p[m + 1 : end, k].max()):
                scores.append(float(1 - p[m, 0]))
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
