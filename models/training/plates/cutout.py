"""Cutting a plate out of a picture, as the product does."""

from __future__ import annotations

import cv2
import numpy as np

#: The reader's input.
WIDTH, HEIGHT = 192, 64


def cut(picture: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The quadrilateral (top left, top right, bottom right, bottom left) as the reader's input.

    The same as the product does: a plate that is larger than the input is averaged down first.
    """
    return cut_and_map(picture, corners)[0]


def cut_and_map(picture: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cut-out, and the homography from the picture to it."""
    scale = 1.0
    corners = np.asarray(corners, np.float32)
    wide = max(np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[3]))
    high = max(np.linalg.norm(corners[3] - corners[0]), np.linalg.norm(corners[2] - corners[1]))
    k = max(wide / WIDTH, high / HEIGHT)
    if 1.5 < k:
        picture = cv2.resize(picture, None, fx=1 / k, fy=1 / k, interpolation=cv2.INTER_AREA)
        corners, scale = corners / k, 1 / k
    target = np.array([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)], np.float32)
    m = cv2.getPerspectiveTransform(corners - 0.5, target - 0.5)
    out = cv2.warpPerspective(
        picture, m, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return out, m @ np.diag([scale, scale, 1.0])
