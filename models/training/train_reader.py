#!/usr/bin/env python3
"""Trains the plate reader on generated views. Resumable: run it again and it goes on.

    python train_reader.py --out runs/reader --views 1500000

Views are rendered by other processes while this one learns; a view is seen a few times, soon after
each other, when rendering is slower than learning.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
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

from plates import backgrounds, evaluation
from plates.columns import COLUMNS, EITHER
from plates.photo import HEIGHT, WIDTH, Photographer
from plates.reader import Reader
from plates.texts import SLOTS, SLOTS_FIRST

BATCH = 96
#: Batches that wait to be learned from, and that are kept to be seen again.
WAITING, KEPT = 24, 160


def render(queue: mp.Queue, seed: int, folder: str | None) -> None:
    """Renders batches for ever. No two processes and no two runs share a seed."""
    cv2.setNumThreads(0)
    os.nice(5)
    photographer = Photographer(seed, backgrounds.load(folder))
    while True:
        pictures = np.empty((BATCH, HEIGHT, WIDTH, 3), np.uint8)
        labels = np.empty((BATCH, SLOTS + 2), np.int64)
        columns = np.empty((BATCH, 2, 2, COLUMNS), np.int64)
        for n in range(BATCH):
            view = photographer.view()
            pictures[n] = view.picture
            labels[n] = [*view.slots, view.kind, view.colour]
            columns[n] = view.columns.classes, view.columns.heights
        queue.put((pictures, labels, columns))


def loss_of(
    net: Reader, pictures: np.ndarray, labels: np.ndarray, columns: np.ndarray, fast: bool
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
    loss = (column_loss(rows.movedim(-1, 1), classes) * weight).sum() / n_plates
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


def row_loss(logits: torch.Tensor, chars: torch.Tensor) -> torch.Tensor:
    """How surprised each row is by its characters."""
    lengths = (0 < chars).sum(1)
    logs = logits.float().log_softmax(-1).transpose(0, 1)
    columns = torch.full((len(chars),), logs.shape[0], dtype=torch.long)
    return F.ctc_loss(
        logs, chars.clamp(min=0), columns, lengths, reduction="none", zero_infinity=True
    )


def rate(done: float, top: float) -> float:
    """Warm-up, then half a cosine down to almost nothing."""
    if done < 0.01:
        return top * done / 0.01
    return top * (0.002 + 0.998 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for checkpoints and the log"
    )
    parser.add_argument(
        "--views", type=int, default=1_500_000, help="views to learn from, repeats counted"
    )
    parser.add_argument(
        "--minutes", type=float, help="stop here after so many minutes and keep the state"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--width", type=int, default=32, help="channels of the first stage")
    parser.add_argument("--rate", type=float, default=3e-3, help="highest learning rate")
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
    parser.add_argument("--no-bf16", action="store_true", help="32-bit arithmetic throughout")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    # A thread that waits for its turn on a core holds up all others: one core for each.
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - args.renderers))
    r = Random(args.seed)
    state_file = args.out / "state.pt"
    net = Reader(args.width).to(memory_format=torch.channels_last)
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
    held_out = evaluation.generated(seed=987_654_321, n=1500)
    real = evaluation.Sets(args.sets)
    kept: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    began, looked, n_new, losses = time.time(), time.time(), 0, []
    net.train()
    while n_views < args.views and (
        args.minutes is None or time.time() - began < args.minutes * 60
    ):
        if kept and queue.empty() and len(kept) > 8:
            batch = kept[r.randrange(len(kept))]
        else:
            batch = queue.get()
            n_new += BATCH
            kept.append(batch)
            del kept[:-KEPT]
        for group in optimiser.param_groups:
            group["lr"] = rate(n_views / args.views, args.rate)
        loss = loss_of(net, *batch, fast=not args.no_bf16)
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
        is_last = args.views <= n_views
        if 150 < time.time() - looked or is_last:
            save(state_file, net, mean, optimiser, n_views, n_runs)
            spent = (time.time() - began) / 60
            line = {
                "minutes": round(spent, 1),
                "views": n_views,
                "new": n_new,
                "loss": round(float(np.mean(losses)), 4),
                "generated": round(evaluation.exact(mean, held_out), 4),
                **real.exact(mean),
            }
            print(json.dumps(line), flush=True)
            with (args.out / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
            save(state_file, net, mean, optimiser, n_views, n_runs)
            looked, losses = time.time(), []
    save(state_file, net, mean, optimiser, n_views, n_runs)
    for worker in workers:
        worker.terminate()


def save(
    path: Path, net: Reader, mean: Reader, optimiser: torch.optim.Optimizer, views: int, runs: int
) -> None:
    """Writes beside and renames: a checkpoint is whole or not there."""
    state = {
        "net": net.state_dict(),
        "mean": mean.state_dict(),
        "optimiser": optimiser.state_dict(),
        "views": views,
        "runs": runs,
    }
    torch.save(state, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


if __name__ == "__main__":
    main()
