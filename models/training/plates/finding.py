"""How well a detector finds: on generated scenes and on folders of real pictures."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import torch

from .detector import HEIGHT, WIDTH, decode

#: From this score on a plate counts as found.
SCORE_MIN = 0.3


@torch.no_grad()
def found_of(
    net: torch.nn.Module, picture: np.ndarray, score_min: float = SCORE_MIN
) -> list[tuple[float, np.ndarray]]:
    """Plates in a picture of the input's own size: score and corners, best first."""
    net.eval()
    x = (
        torch.from_numpy(picture[None])
        .permute(0, 3, 1, 2)
        .float()
        .contiguous(memory_format=torch.channels_last)
    )
    scores, corners = decode(net(x))
    scores, corners = scores[0].numpy(), corners[0].numpy().reshape(-1, 4, 2)
    kept: list[tuple[float, np.ndarray]] = []
    for k in np.argsort(-scores):
        if scores[k] < score_min or 60 < len(kept):
            break
        if all(iou(box_of(corners[k]), box_of(other)) < 0.4 for _, other in kept):
            kept.append((float(scores[k]), corners[k]))
    return kept


def box_of(quad: np.ndarray) -> tuple[float, float, float, float]:
    (x0, y0), (x1, y1) = quad.min(0), quad.max(0)
    return float(x0), float(y0), float(x1), float(y1)


def iou(a: tuple, b: tuple) -> float:
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    both = w * h
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def recall_and_false(pictures: list) -> tuple[float, float]:
    """The share of plates that are found (IoU 0.5), and false plates for each picture."""
    n_true = n_hit = n_false = 0
    for found, quads, is_clear in pictures:
        boxes = [box_of(q) for q in quads]
        hit = set()
        for _, corners in found:
            scores = [iou(box_of(corners), b) for b in boxes]
            best = int(np.argmax(scores)) if scores else -1
            if 0 <= best and 0.5 <= scores[best] and best not in hit:
                hit.add(best)
            else:
                n_false += 1
        n_true += int(is_clear.sum())
        n_hit += sum(bool(is_clear[k]) for k in hit)
    return n_hit / max(1, n_true), n_false / max(1, len(pictures))


def letterbox(picture: np.ndarray) -> tuple[np.ndarray, float]:
    """The picture in the input's size, grey where nothing is; and its scale."""
    h, w = picture.shape[:2]
    k = min(WIDTH / w, HEIGHT / h)
    small = cv2.resize(
        picture,
        (round(w * k), round(h * k)),
        interpolation=cv2.INTER_AREA if k < 1 else cv2.INTER_LINEAR,
    )
    out = np.full((HEIGHT, WIDTH, 3), 114, np.uint8)
    out[: small.shape[0], : small.shape[1]] = small
    return out, k


class Sets:
    """Folders of real pictures with one plate each, boxed."""

    def __init__(self, folders: list[str]) -> None:
        self.sets = {Path(f).name: self._load(Path(f)) for f in folders}

    @staticmethod
    def _load(folder: Path) -> list[tuple[np.ndarray, np.ndarray]]:
        found = []
        with (folder / "gt.tsv").open() as rows:
            for row in csv.DictReader(rows, delimiter="\t"):
                picture, k = letterbox(cv2.imread(str(folder / row["file"])))
                if "w" in row:
                    x, y, w, h = (float(row[c]) * k for c in ("x", "y", "w", "h"))
                else:
                    x, y = float(row["x0"]) * k, float(row["y0"]) * k
                    w, h = float(row["x1"]) * k - x, float(row["y1"]) * k - y
                quad = np.array([[(x, y), (x + w, y), (x + w, y + h), (x, y + h)]], np.float32)
                found.append((picture, quad))
        return found

    def told(self, net: torch.nn.Module) -> dict[str, float]:
        result = {}
        for name, pictures in self.sets.items():
            recall, false = recall_and_false(
                [(found_of(net, p), q, np.ones(len(q), bool)) for p, q in pictures]
            )
            result[name] = round(recall, 4)
            result[f"{name}.false"] = round(false, 4)
        return result
