"""Plates that are bent out of their plane: bowed, waved, or with a corner that stands off."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np

#: How far a point of the plate is moved at most, as a share of the plate's height.
MOVED_MAX = 0.06


def bend(picture: np.ndarray, quad: np.ndarray, r: Random) -> None:
    """Bends what the quadrilateral holds: moves its points up or down and shades the slopes.

    The quadrilateral stays that of the flat plate.
    """
    height, width = picture.shape[:2]
    (x0, y0), (x1, y1) = quad.min(0), quad.max(0)
    tall, wide = y1 - y0, x1 - x0
    a, b = max(0, int(y0 - 0.1 * tall)), min(height, int(y1 + 0.1 * tall) + 2)
    c, d = max(0, int(x0 - 0.05 * wide)), min(width, int(x1 + 0.05 * wide) + 2)
    if b - a < 8 or d - c < 8:
        return
    xs, ys = np.meshgrid(
        np.arange(c, d, dtype=np.float32), np.arange(a, b, dtype=np.float32), copy=False
    )
    u, v = (xs - x0) / wide, (ys - y0) / tall
    kind = r.random()
    if kind < 0.4:  # bowed
        rise = 4 * u * (1 - u)
    elif kind < 0.75:  # waved
        rise = np.sin(
            2 * np.pi * (u * r.uniform(0.6, 1.6) + v * r.uniform(-0.4, 0.4) + r.random())
        )
    else:  # a corner stands off
        across = (u if r.random() < 0.5 else 1 - u) + (v if r.random() < 0.5 else 1 - v)
        rise = np.maximum(0, across - r.uniform(1.1, 1.5)) * 2.5
    # What is beside the plate stays where it is, without a seam.
    beside = np.maximum(np.abs(u - 0.5) - 0.5, np.abs(v - 0.5) - 0.5).clip(0, 0.05) / 0.05
    rise = rise * (1 - beside) / max(1.0, float(np.abs(rise).max()))
    sides = np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1])
    amount = r.choice([-1, 1]) * r.uniform(0.01, MOVED_MAX) * float(np.mean(sides))
    ys = ys - np.float32(amount) * rise.astype(np.float32)
    part = picture[a:b, c:d]
    moved = cv2.remap(
        picture, xs, ys, interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    slope = np.gradient(rise, axis=1) * wide / 4
    light = 1 + (r.uniform(-0.25, 0.25) * slope).clip(-0.35, 0.35)
    inside = np.zeros(part.shape[:2], np.uint8)
    corners = np.round((quad - (c, a)) * 16).astype(np.int32)
    cv2.fillConvexPoly(inside, corners, 255, cv2.LINE_AA, 4)
    lit = 1 + (light - 1) * (inside.astype(np.float32) / 255)
    part[:] = (moved * lit[:, :, None]).clip(0, 255)
