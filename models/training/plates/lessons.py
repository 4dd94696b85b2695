"""Learning from drawn pictures, the same for reader and detector. Can be ended and gone on with."""

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
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import nn

#: Seconds between two looks at how it goes; the state is kept then.
LOOK_EVERY_S = 150

#: As long as fewer batches than this were seen, none is seen again.
KEPT_MIN = 8


@dataclass
class Lesson:
    """What is learned, and from what."""

    #: The network, made after the seed is set.
    network: Callable[[], nn.Module]
    #: Fills a queue with batches for ever: the queue, a seed, the folder with backgrounds.
    render: Callable[[mp.Queue, int, str | None], None]
    #: The loss of a batch: the network, the batch's parts, whether in bfloat16.
    loss: Callable[..., torch.Tensor]
    #: Made once; then tells of a network how well it does, by name.
    examiner: Callable[[], Callable[[nn.Module], dict[str, float]]]
    #: Pictures of a batch; batches that wait, and that are kept to be seen again.
    batch: int
    waiting: int
    kept: int


def arguments(
    description: str,
    views: int,
    seed: int,
    width: int,
    more: Callable[[argparse.ArgumentParser], None] | None = None,
) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for checkpoints and the log"
    )
    parser.add_argument(
        "--views", type=int, default=views, help="views to learn from, repeats counted"
    )
    parser.add_argument(
        "--minutes", type=float, help="stop here after so many minutes and keep the state"
    )
    parser.add_argument("--seed", type=int, default=seed)
    parser.add_argument("--width", type=int, default=width, help="channels of the first stage")
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
    if more is not None:
        more(parser)
    return parser.parse_args()


def rate(done: float, top: float) -> float:
    """Warm-up, then half a cosine down to almost nothing."""
    if done < 0.01:
        return top * done / 0.01
    return top * (0.002 + 0.998 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


def learn(args: argparse.Namespace, lesson: Lesson) -> None:
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    # A thread that waits for its turn on a core holds up all others: one core for each.
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - args.renderers))
    r = Random(args.seed)
    state_file = args.out / "state.pt"
    net = lesson.network().to(memory_format=torch.channels_last)
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
    queue: mp.Queue = mp.Queue(lesson.waiting)
    seeds = [args.seed * 1_000_003 + n_runs * 101 + n for n in range(args.renderers)]
    workers = [
        mp.Process(target=lesson.render, args=(queue, seed, args.backgrounds), daemon=True)
        for seed in seeds
    ]
    for worker in workers:
        worker.start()
    # Ended by hand, the renderers end too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    examine = lesson.examiner()
    kept: list[tuple] = []
    began, looked, n_new, losses = time.time(), time.time(), 0, []
    net.train()
    while n_views < args.views and (
        args.minutes is None or time.time() - began < args.minutes * 60
    ):
        if queue.empty() and KEPT_MIN < len(kept):
            batch = kept[r.randrange(len(kept))]
        else:
            batch = queue.get()
            n_new += lesson.batch
            kept.append(batch)
            del kept[: -lesson.kept]
        for group in optimiser.param_groups:
            group["lr"] = rate(n_views / args.views, args.rate)
        loss = lesson.loss(net, *batch, fast=not args.no_bf16)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        n_views += lesson.batch
        losses.append(loss.item())
        follow(mean, net, n_views // lesson.batch)
        if LOOK_EVERY_S < time.time() - looked or args.views <= n_views:
            line = {
                "minutes": round((time.time() - began) / 60, 1),
                "views": n_views,
                "new": n_new,
                "loss": round(float(np.mean(losses)), 4),
                **examine(mean),
            }
            print(json.dumps(line), flush=True)
            with (args.out / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
            save(state_file, net, mean, optimiser, n_views, n_runs)
            looked, losses = time.time(), []
    save(state_file, net, mean, optimiser, n_views, n_runs)
    for worker in workers:
        worker.terminate()


@torch.no_grad()
def follow(mean: nn.Module, net: nn.Module, step: int) -> None:
    """Moves the mean of the last thousand steps towards the network."""
    decay = min(0.999, (1 + step) / (20 + step))
    for a, b in zip(mean.parameters(), net.parameters()):
        a.lerp_(b, 1 - decay)
    for a, b in zip(mean.buffers(), net.buffers()):
        a.lerp_(b, 1 - decay) if a.is_floating_point() else a.copy_(b)


def save(
    path: Path,
    net: nn.Module,
    mean: nn.Module,
    optimiser: torch.optim.Optimizer,
    views: int,
    runs: int,
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
