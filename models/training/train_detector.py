#!/usr/bin/env python3
"""Trains the plate detector on generated scenes. Resumable: run it again and it goes on.

python train_detector.py --out runs/detector --views 780000
"""

from __future__ import annotations

import multiprocessing as mp
import os

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from plates import backgrounds, lessons
from plates.detector import LESSON_HEIGHT as HEIGHT
from plates.detector import LESSON_WIDTH as WIDTH
from plates.detector import SCALES, Detector
from plates.finding import Sets, found_of, recall_and_false
from plates.scenery import Scenery, targets

BATCH = 48
#: Batches that wait to be learned from, and that are kept to be seen again.
WAITING, KEPT = 16, 90


def render(queue: mp.Queue, seed: int, folder: str | None) -> None:
    cv2.setNumThreads(0)
    os.nice(5)
    scenery = Scenery(seed, backgrounds.load(folder))
    while True:
        pictures = np.empty((BATCH, HEIGHT, WIDTH, 3), np.uint8)
        maps = [np.zeros((BATCH, 11, HEIGHT // s, WIDTH // s), np.float32) for s, _, _ in SCALES]
        for n in range(BATCH):
            scene = scenery.scene()
            pictures[n] = scene.picture
            for m, (score, corners, weight, counts) in zip(maps, targets(scene)):
                m[n, 0], m[n, 1:9], m[n, 9], m[n, 10] = score, corners, weight, counts
        queue.put((pictures, [m.astype(np.float16) for m in maps]))


def loss_of(
    net: Detector, pictures: np.ndarray, maps: list[np.ndarray], fast: bool
) -> torch.Tensor:
    x = (
        torch.from_numpy(pictures)
        .permute(0, 3, 1, 2)
        .float()
        .contiguous(memory_format=torch.channels_last)
    )
    with torch.autocast("cpu", torch.bfloat16, enabled=fast):
        outputs = net(x)
    total = torch.zeros(())
    for out, wanted in zip(outputs, maps):
        out, y = out.float(), torch.from_numpy(wanted).float()
        logit, score, corners, weight = out[:, 0], y[:, 0], y[:, 1:9], y[:, 9]
        counts = y[:, 10]
        p = torch.sigmoid(logit)
        # Quality focal loss: the nearer to what is wanted, the less it counts.
        each = (
            F.binary_cross_entropy_with_logits(logit, score, reduction="none")
            * (p - score).abs() ** 2
            * counts
        )
        n = max(1.0, float((score > 0.99).sum()))
        total = total + each.sum() / n
        miss = F.smooth_l1_loss(out[:, 1:], corners, reduction="none", beta=0.05).sum(1)
        total = total + 0.5 * (miss * weight * score * (weight > 0)).sum() / max(
            1.0, float((score * (weight > 0)).sum())
        )
    return total


def main() -> None:
    args = lessons.arguments(__doc__, views=780_000, seed=2, width=16)

    def examiner():
        cv2.setNumThreads(0)
        scenery = Scenery(987_654_321)
        held_out = [scenery.scene() for _ in range(300)]
        real = Sets(args.sets)

        def told(mean: Detector) -> dict[str, float]:
            seen = [(found_of(mean, s.picture), s.quads, s.is_clear) for s in held_out]
            recall, false = recall_and_false(seen)
            return {"recall": round(recall, 4), "false": round(false, 4), **real.told(mean)}

        return told

    network = lambda: Detector(args.width)
    lesson = lessons.Lesson(network, render, loss_of, examiner, BATCH, WAITING, KEPT)
    lessons.learn(args, lesson)


if __name__ == "__main__":
    main()
