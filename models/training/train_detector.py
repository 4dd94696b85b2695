#!/usr/bin/env python3
"""Trains the plate detector on generated scenes. Resumable: run it again and it goes on.

python train_detector.py --out runs/detector --views 500000
"""

from __future__ import annotations

import argparse
import copy
import json
import multiprocessing as mp
import os
import signal
import sys
import time
from pathlib import Path
from random import Random

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from plates import backgrounds
from plates.detector import LESSON_HEIGHT as HEIGHT
from plates.detector import LESSON_WIDTH as WIDTH
from plates.detector import SCALES, Detector
from plates.finding import Sets, found_of, recall_and_false
from plates.scenery import Scenery, targets
from train_reader import rate, save

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
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for checkpoints and the log"
    )
    parser.add_argument("--views", type=int, default=500_000)
    parser.add_argument(
        "--minutes", type=float, help="stop here after so many minutes and keep the state"
    )
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--renderers", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    parser.add_argument(
        "--backgrounds", help="folder of pictures without plates, with a clear licence"
    )
    parser.add_argument(
        "--sets",
        nargs="*",
        default=[],
        help="folders with gt.tsv: looked at now and then, never learned from",
    )
    parser.add_argument("--no-bf16", action="store_true")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    # A thread that waits for its turn on a core holds up all others: one core for each.
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - args.renderers))
    r = Random(args.seed)
    state_file = args.out / "state.pt"
    net = Detector(args.width).to(memory_format=torch.channels_last)
    mean = copy.deepcopy(net).eval()
    optimiser = torch.optim.AdamW(net.parameters(), args.rate, weight_decay=0.01)
    n_views, n_runs = 0, 0
    if state_file.exists():
        state = torch.load(state_file, weights_only=False)
        net.load_state_dict(state["net"])
        mean.load_state_dict(state["mean"])
        optimiser.load_state_dict(state["optimiser"])
        n_views, n_runs = state["views"], state["runs"] + 1
        print(f"going on at {n_views} views", flush=True)
    queue: mp.Queue = mp.Queue(WAITING)
    seeds = [args.seed * 1_000_003 + n_runs * 101 + n for n in range(args.renderers)]
    workers = [
        mp.Process(target=render, args=(queue, s, args.backgrounds), daemon=True) for s in seeds
    ]
    for worker in workers:
        worker.start()
    # Ended by hand, the renderers end too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    cv2.setNumThreads(0)
    scenery = Scenery(987_654_321)
    held_out = [scenery.scene() for _ in range(300)]
    real = Sets(args.sets)
    kept: list = []
    began, looked, n_new, losses = time.time(), time.time(), 0, []
    net.train()
    while n_views < args.views and (
        args.minutes is None or time.time() - began < args.minutes * 60
    ):
        if kept and queue.empty() and 8 < len(kept):
            pictures, maps = kept[r.randrange(len(kept))]
        else:
            pictures, maps = queue.get()
            n_new += BATCH
            kept.append((pictures, maps))
            del kept[:-KEPT]
        for group in optimiser.param_groups:
            group["lr"] = rate(n_views / args.views, args.rate)
        loss = loss_of(net, pictures, maps, fast=not args.no_bf16)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        n_views += BATCH
        losses.append(loss.item())
        step = n_views // BATCH
        decay = min(0.999, (1 + step) / (20 + step))
        with torch.no_grad():
            for a, b in zip(mean.parameters(), net.parameters()):
                a.lerp_(b, 1 - decay)
            for a, b in zip(mean.buffers(), net.buffers()):
                a.lerp_(b, 1 - decay) if a.is_floating_point() else a.copy_(b)
        if 150 < time.time() - looked or args.views <= n_views:
            recall, false = recall_and_false(
                [(found_of(mean, s.picture), s.quads, s.is_clear) for s in held_out]
            )
            line = {
                "minutes": round((time.time() - began) / 60, 1),
                "views": n_views,
                "new": n_new,
                "loss": round(float(np.mean(losses)), 4),
                "recall": round(recall, 4),
                "false": round(false, 4),
                **real.told(mean),
            }
            print(json.dumps(line), flush=True)
            with (args.out / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
            save(state_file, net, mean, optimiser, n_views, n_runs)
            looked, losses = time.time(), []
    save(state_file, net, mean, optimiser, n_views, n_runs)
    for worker in workers:
        worker.terminate()


if __name__ == "__main__":
    main()
