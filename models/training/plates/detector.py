"""The detector: a picture to plates, each with its four corners and a score.

A small convolutional network without anchors on two scales: cells of 8 pixels for small plates,
of 16 for large ones. Each cell says how surely a plate's centre is near, and where its corners are.
"""

from __future__ import annotations

import torch
from torch import nn

from .reader import Bottleneck, conv

#: The input, width and height; the network itself takes any multiple of 32.
WIDTH, HEIGHT = 384, 288

#: What it learns from: a network without a fully connected layer does not mind, and most of a
#: larger picture would teach nothing.
LESSON_WIDTH, LESSON_HEIGHT = 256, 192

#: Pixels of a cell, and the longer sides of the plates that each scale is there for.
SCALES = [(8, 0.0, 84.0), (16, 60.0, 1e9)]

#: Corners are told in this many cells, so that usual numbers are near 1.
SPREAD = 4.0


class Detector(nn.Module):
    """Input: N x 3 x H x W, 0 to 255. Output for each scale: score logits and 8 corner numbers."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        w = width
        self.first = nn.Sequential(conv(3, w, 3, 2), conv(w, 2 * w, 3, 2), Bottleneck(2 * w, w))
        self.eighth = nn.Sequential(
            conv(2 * w, 4 * w, 3, 2), Bottleneck(4 * w, 2 * w), Bottleneck(4 * w, 2 * w)
        )
        self.sixteenth = nn.Sequential(
            conv(4 * w, 6 * w, 3, 2),
            Bottleneck(6 * w, 3 * w),
            Bottleneck(6 * w, 3 * w),
            Bottleneck(6 * w, 3 * w),
        )
        self.far = nn.Sequential(
            conv(6 * w, 6 * w, 3, 2), Bottleneck(6 * w, 3 * w), Bottleneck(6 * w, 3 * w)
        )
        self.back = conv(6 * w, 6 * w, 1)
        self.down = conv(6 * w, 4 * w, 1)
        self.join = nn.ModuleList([Bottleneck(4 * w, 2 * w), Bottleneck(6 * w, 3 * w)])
        self.heads = nn.ModuleList([self._head(4 * w), self._head(6 * w)])

    @staticmethod
    def _head(c: int) -> nn.Module:
        last = nn.Conv2d(64, 9, 1)
        nn.init.constant_(last.bias, 0.0)
        with torch.no_grad():
            last.bias[0] = -4.6
            last.weight.mul_(0.2)
        return nn.Sequential(conv(c, 64, 1), conv(64, 64, 5, groups=64), conv(64, 64, 1), last)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        up = nn.functional.interpolate
        eighth = self.eighth(self.first(x / 127.5 - 1))
        sixteenth = self.sixteenth(eighth)
        far = self.far(sixteenth)
        sixteenth = self.join[1](sixteenth + up(self.back(far), scale_factor=2.0, mode="nearest"))
        eighth = self.join[0](eighth + up(self.down(sixteenth), scale_factor=2.0, mode="nearest"))
        return [self.heads[0](eighth), self.heads[1](sixteenth)]


def decode(outputs: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores (N x cells), corners (N x cells x 8: x, y, top left first, clockwise), in pixels."""
    scores, corners = [], []
    for out, (stride, _, _) in zip(outputs, SCALES):
        n, _, h, w = out.shape
        ys = (torch.arange(h, device=out.device, dtype=out.dtype) + 0.5) * stride
        xs = (torch.arange(w, device=out.device, dtype=out.dtype) + 0.5) * stride
        at = torch.stack([xs.repeat(h), ys.repeat_interleave(w)], -1).repeat(1, 4)
        flat = out.flatten(2).transpose(1, 2)
        scores.append(torch.sigmoid(flat[:, :, 0]))
        corners.append(at + flat[:, :, 1:] * (stride * SPREAD))
    return torch.cat(scores, 1), torch.cat(corners, 1)
