"""Pictures to put plates into: with a clear licence, and without a plate that can be read."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

#: Frames that are taken of one clip.
FRAMES = 12


def load(folder: str | None) -> list[np.ndarray]:
    """Every picture, and some frames of every clip, below a folder."""
    found: list[np.ndarray] = []
    if folder is None:
        return found
    for path in sorted(Path(folder).rglob("*")):
        if path.suffix.lower() in {".jpg", ".jpeg", ".png"}:
            picture = cv2.imread(str(path))
            if picture is not None:
                found.append(smaller(picture))
        elif path.suffix.lower() in {".mp4", ".avi"}:
            clip = cv2.VideoCapture(str(path))
            n = int(clip.get(cv2.CAP_PROP_FRAME_COUNT))
            for k in range(FRAMES):
                clip.set(cv2.CAP_PROP_POS_FRAMES, n * (k + 0.5) / FRAMES)
                ok, picture = clip.read()
                if ok:
                    found.append(smaller(picture))
            clip.release()
    return found


def smaller(picture: np.ndarray, side: int = 960) -> np.ndarray:
    k = side / max(picture.shape[:2])
    return (
        cv2.resize(picture, None, fx=k, fy=k, interpolation=cv2.INTER_AREA) if k < 1 else picture
    )
