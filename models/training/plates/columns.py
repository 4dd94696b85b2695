"""What stands in each column of each row: known exactly, since the plate was drawn.

Learning from it is much faster than finding out by connectionist temporal classification where the
characters stand, and it gives the narrow ones their due.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .texts import CHARSET

#: Columns of a row, pixels of a column, and pixels of one of the heights that a row can be at.
COLUMNS, COLUMN_WIDTH, HEIGHT_STEP, HEIGHTS = 48, 4, 8, 8

#: A column shows a character within this share of its width from its middle, nothing beyond the
#: other share; what is between may be either.
CORE, REACH = 0.28, 0.62

#: Stands for a column of which nothing is asked.
EITHER = -1


@dataclass
class Columns:
    """2 rows x 48 columns: the class (-1: not asked) and the height (-1: not asked)."""

    classes: np.ndarray
    heights: np.ndarray

    @staticmethod
    def of(rows: tuple[str, ...], places: np.ndarray, to_input: np.ndarray) -> Columns:
        """`places`: row, left, right, middle height in the flat plate; `to_input`: homography."""
        out = Columns(np.zeros((2, COLUMNS), np.int64), np.full((2, COLUMNS), EITHER, np.int64))
        left, right = places[:, [1, 3]], places[:, [2, 3]]
        points = np.stack([left, right]).astype(np.float32)
        seen = cv2.perspectiveTransform(points, to_input)
        at = np.arange(COLUMNS) * COLUMN_WIDTH + COLUMN_WIDTH / 2
        for k, row in enumerate(rows):
            n = k if len(rows) == 2 else 1
            mine = places[:, 0] == k
            x0, x1 = seen[0, mine, 0], seen[1, mine, 0]
            y = (seen[0, mine, 1] + seen[1, mine, 1]) / 2
            centre, width = (x0 + x1) / 2, np.abs(x1 - x0)
            # A narrow character has the columns beside it too, as far as its neighbours allow.
            pitch = np.median(np.diff(np.sort(centre))) if 1 < len(centre) else width.mean()
            width = np.maximum(width, min(0.7 * pitch, float(np.median(width))))
            off = np.abs(at[None] - centre[:, None]) / np.maximum(width[:, None], 1e-3)
            nearest = off.argmin(0)
            distance = off[nearest, np.arange(COLUMNS)]
            classes = np.array([CHARSET.index(c) for c in row])
            out.classes[n, distance < REACH] = EITHER
            core = distance < CORE
            out.classes[n, core] = classes[nearest[core]]
            out.heights[n, core] = np.clip(y[nearest[core]] // HEIGHT_STEP, 0, HEIGHTS - 1)
            order = np.argsort(centre)
            # Between two neighbours there is a column that shows neither.
            for a, b in zip(order[:-1], order[1:]):
                gap = int((x1[a] + x0[b]) / 2 // COLUMN_WIDTH)
                if 0 <= gap < COLUMNS:
                    out.classes[n, gap] = 0
                    out.heights[n, gap] = EITHER
            for c, x, y_c in zip(classes, centre, y):
                column = int(x // COLUMN_WIDTH)
                if 0 <= column < COLUMNS:
                    out.classes[n, column] = c
                    out.heights[n, column] = np.clip(y_c // HEIGHT_STEP, 0, HEIGHTS - 1)
        return out


def nothing() -> Columns:
    """No plate: nothing is asked of any column."""
    asked = np.full((2, COLUMNS), EITHER, np.int64)
    return Columns(asked, asked.copy())
