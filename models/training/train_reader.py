#!/usr/bin/env python3
"""Trains the plate reader on generated views. Resumable: run it again and it goes on.

    python train_reader.py --out runs/reader --views 570000

Views are rendered by other processes while this one learns; a view is seen a few times, soon after
each other, when rendering is slower than learning.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import os
from collections.abc import Sequence
from functools import partial

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from plates import backgrounds, evaluation, lessons
from plates.columns import COLUMNS, EITHER
from plates.cutout import HEIGHT, WIDTH
from plates.photo import Photographer
from plates.reader import Reader
from plates.texts import SLOTS, SLOTS_FIRST

BATCH = 96
#: Batches that wait to be learned from, and that are kept to be seen again.
WAITING, KEPT = 24, 160


def render(
    queue: mp.Queue, seed: int, folder: str | None, files: Sequence[str] = (), trust: float = 0.0
) -> None:
    """Renders batches for ever. No two processes and no two runs share a seed."""
    cv2.setNumThreads(0)
    os.nice(5)
    photographer = Photographer(seed, backgrounds.load(folder))
    teachers = None
    if files:
        from plates.teachers import Teachers  # ONNX Runtime, which nothing else here needs

        teachers = Teachers(files, trust)
    while True:
        views = [photographer.view() for _ in range(BATCH)]
        pictures = np.empty((BATCH, HEIGHT, WIDTH, 3), np.uint8)
        labels = np.empty((BATCH, SLOTS + 2), np.int64)
        columns = np.empty((BATCH, 2, 2, COLUMNS), np.int64)
        for n, view in enumerate(views):
            pictures[n] = view.picture
            labels[n] = [*view.slots, view.kind, view.colour]
            columns[n] = view.columns.classes, view.columns.heights
        told = (teachers.told(views),) if teachers else ()
        queue.put((pictures, labels, columns, *told))


def loss_of(
    net: Reader,
    pictures: np.ndarray,
    labels: np.ndarray,
    columns: np.ndarray,
    *told: np.ndarray,
    fast: bool,
) -> torch.Tensor:
    x = (
        torch.from_numpy(pictures)
        .permute(0, 3, 1, 2)
        .float()
        .contiguous(memory_format=torch.channels_last)
    )
    y = torch.from_numpy(labels)
    with torch.autocast("cpu", torch.bfloat16, enabled=fast):
        first, last, kind, colour, heights = net.told(x)
    chars, kinds, colours = y[:, :SLOTS], y[:, SLOTS], y[:, SLOTS + 1]
    # What nobody can read teaches little, and what is no plate has no characters to teach.
    weight = torch.where(kinds == 2, 0.25, 1.0) * (kinds != 3)
    n_plates = max(1, int((kinds != 3).sum()))
    classes, at = torch.from_numpy(columns).unbind(1)
    rows = torch.stack([first, last], 1).float()
    each = column_loss(rows.movedim(-1, 1), classes)
    if told:
        each = each + taught_loss(rows, classes, torch.from_numpy(told[0]).float())
    loss = (each * weight).sum() / n_plates
    each = row_loss(first, chars[:, :SLOTS_FIRST]) + row_loss(last, chars[:, SLOTS_FIRST:])
    loss = loss + 0.02 * (each * weight).sum() / n_plates
    loss = (
        loss + 0.1 * (column_loss(heights.float().transpose(1, 2), at) * weight).sum() / n_plates
    )
    loss = loss + 0.3 * F.cross_entropy(kind.float(), kinds)
    return loss + 0.15 * F.cross_entropy(colour.float(), colours, ignore_index=-1)


def column_loss(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """How surprised a view is by what its columns show: characters and gaps count the same.

    `logits` is N x classes x 2 x 48, `wanted` N x 2 x 48.
    """
    each = F.cross_entropy(logits, wanted, ignore_index=EITHER, reduction="none")
    total = torch.zeros(len(logits))
    for part in (0 < wanted, wanted == 0):
        total = total + (each * part).sum((1, 2)) / part.sum((1, 2)).clamp(min=1)
    return total


def taught_loss(logits: torch.Tensor, wanted: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
    """By how much more a view is surprised by what teachers think than by what is there.

    `logits` and `told` are N x 2 x 48 x classes; together with `column_loss` this is the surprise
    by the mean of both, weighted by how far the teachers are trusted (the sums of `told`).
    """
    logs = logits.log_softmax(-1)
    trust = told.sum(-1)
    right = logs.gather(-1, wanted.clamp(min=0)[..., None])[..., 0]
    part = 0 < wanted
    each = (trust * right - (told * logs).sum(-1)) * part
    return each.sum((1, 2)) / part.sum((1, 2)).clamp(min=1)


def row_loss(logits: torch.Tensor, chars: torch.Tensor) -> torch.Tensor:
    """How surprised each row is by its characters."""
    lengths = (0 < chars).sum(1)
    logs = logits.float().log_softmax(-1).transpose(0, 1)
    columns = torch.full((len(chars),), logs.shape[0], dtype=torch.long)
    return F.ctc_loss(
        logs, chars.clamp(min=0), columns, lengths, reduction="none", zero_infinity=True
    )


def teachers_of(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--teachers", nargs="*", default=[], help="ONNX files of readers that teach (cct_xs)"
    )
    parser.add_argument(
        "--trust", type=float, default=0.5, help="how far they are trusted, beside the truth"
    )


def main() -> None:
    args = lessons.arguments(__doc__, views=570_000, seed=1, width=48, more=teachers_of)

    def examiner():
        held_out = evaluation.generated(seed=987_654_321, n=1500)
        real = evaluation.Sets(args.sets)
        return lambda mean: {
            "generated": round(evaluation.exact(mean, held_out), 4),
            **real.exact(mean),
        }

    network = lambda: Reader(args.width)
    draw = partial(render, files=args.teachers, trust=args.trust)
    lesson = lessons.Lesson(network, draw, loss_of, examiner, BATCH, WAITING, KEPT)
    lessons.learn(args, lesson)


if __name__ == "__main__":
    main()
