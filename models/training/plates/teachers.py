"""Readers trained on real plates as teachers (Hinton, Vinyals and Dean, 2015): what they think of a
drawn character says what real ones it is like.

They are `plate-cct-xs-v1` and `-v2` of the catalogue: a picture of 128 x 64 in red, green, blue to
one distribution over 0-9, A-Z and "nothing" for each place.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import onnxruntime

from .columns import COLUMNS
from .photo import View
from .texts import CHARSET, SLOTS_FIRST

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CLASSES = np.array([CHARSET.index(c) for c in ALPHABET])


class Teachers:
    """Tells for each column of a view what may stand there."""

    def __init__(self, files: Sequence[str], trust: float) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        providers = ["CPUExecutionProvider"]
        self.sessions = [onnxruntime.InferenceSession(f, options, providers) for f in files]
        self.trust = trust

    def told(self, views: list[View]) -> np.ndarray:
        """N x 2 rows x 48 x 38: what the teachers think, times how far they are trusted; zeros
        where they read another number of characters, or do not think of the right one at all."""
        out = np.zeros((len(views), 2, COLUMNS, len(CHARSET)), np.float16)
        pictures = [
            cv2.cvtColor(cv2.resize(v.picture, (128, 64)), cv2.COLOR_BGR2RGB) for v in views
        ]
        batch = np.stack(pictures)
        means = []
        for session in self.sessions:
            name = session.get_inputs()[0].name
            means.append(session.run(None, {name: batch})[0])
        for n, view in enumerate(views):
            truth = [c for c in view.slots if 0 < c]
            thought = [p for p in (self._read(m[n]) for m in means) if len(p) == len(truth)]
            if not thought or view.kind > 1:
                continue
            mean = np.mean(thought, 0)
            at = _places(view)
            for k, c in enumerate(truth):
                if 0.02 < mean[k, c]:
                    out[n][at == k] = self.trust * mean[k]
        return out

    @staticmethod
    def _read(slots: np.ndarray) -> np.ndarray:
        there = slots[slots.argmax(1) < len(ALPHABET)]
        p = np.zeros((len(there), len(CHARSET)), np.float32)
        p[:, _CLASSES] = there[:, : len(ALPHABET)]
        return p / np.maximum(p.sum(1, keepdims=True), 1e-6)


def _places(view: View) -> np.ndarray:
    """Which of the plate's characters stands in each column of each row; -1: none for sure."""
    at = np.full((2, COLUMNS), -1)
    n_first = sum(0 < c for c in view.slots[:SLOTS_FIRST])
    n_last = sum(0 < c for c in view.slots[SLOTS_FIRST:])
    for row, (first, wanted) in enumerate([(0, n_first), (n_first, n_last)]):
        classes = view.columns.classes[row]
        n, before = -1, 0
        for k, c in enumerate(classes):
            if 0 < c:
                n += c != before
                at[row, k] = first + n
            before = c
        if n + 1 != wanted:
            at[row] = -1
    return at
