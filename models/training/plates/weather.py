"""Rain before a camera: streaks in the air, and drops on the glass."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np


def streaks(picture: np.ndarray, r: Random) -> None:
    """Falling drops, as long as the shutter is open: thin bright lines, all nearly alike."""
    h, w = picture.shape[:2]
    length, lean = r.uniform(0.06, 0.4) * h, r.gauss(0, 0.25)
    veil = np.zeros((h, w), np.uint8)
    for _ in range(r.randint(4, 10 + h * w // 600)):
        x, y = r.uniform(0, w), r.uniform(-length, h)
        size = length * r.uniform(0.6, 1.4)
        p, q = (int(x * 16), int(y * 16)), (int((x + lean * size) * 16), int((y + size) * 16))
        cv2.line(veil, p, q, r.randint(90, 255), 1, cv2.LINE_AA, 4)
    share = veil[:, :, None].astype(np.float32) * (r.uniform(0.15, 0.6) / 255)
    picture[:] = (picture + share * (r.uniform(150, 250) - picture)).clip(0, 255)


def drops(picture: np.ndarray, r: Random) -> None:
    """Drops on the glass: what is behind each is small, upside down and blurred."""
    h, w = picture.shape[:2]
    for _ in range(r.choice([1, 1, 2, 4])):
        radius = max(2, int(max(h, w) * r.uniform(0.015, 0.07)))
        x, y = r.randint(0, w - 1), r.randint(0, h - 1)
        x0, x1 = max(0, x - radius), min(w, x + radius + 1)
        y0, y1 = max(0, y - radius), min(h, y + radius + 1)
        reach = 3 * radius
        around = picture[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach]
        shown = cv2.resize(around[::-1, ::-1], (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
        shown = cv2.GaussianBlur(shown, (0, 0), max(0.6, radius * 0.2)).astype(np.float32)
        disc = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.circle(disc, (x - x0, y - y0), radius, 255, -1, cv2.LINE_AA)
        disc = cv2.GaussianBlur(disc, (0, 0), max(0.5, radius * 0.15))
        share = disc[:, :, None].astype(np.float32) / 255 * r.uniform(0.6, 1.0)
        part = picture[y0:y1, x0:x1]
        part[:] = (part + share * (shown * r.uniform(0.8, 1.2) - part)).clip(0, 255)
