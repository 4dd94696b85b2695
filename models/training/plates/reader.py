"""The reader: a picture of a plate to the characters of its rows, its kind and its colour.

A small convolutional network that finds each row's height in each column of the picture, and says
for each column of each row one of 38 classes (nothing, 0-9, A-Z, Đ).
"""

from __future__ import annotations

import torch
from torch import nn

from .texts import CHARSET, COLOURS, KINDS


def conv(i: int, o: int, kernel, stride=1, groups: int = 1) -> nn.Sequential:
    pad = tuple(k // 2 for k in kernel) if isinstance(kernel, tuple) else kernel // 2
    return nn.Sequential(
        nn.Conv2d(i, o, kernel, stride, pad, groups=groups, bias=False),
        nn.BatchNorm2d(o),
        nn.ReLU(inplace=True),
    )


class Bottleneck(nn.Module):
    """Narrow, look around, widen, and add."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(width, inner, 1),
            conv(inner, inner, 3),
            nn.Conv2d(inner, width, 1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.act(x + self.body(x))


class Along(nn.Module):
    """Looks far along a row: which characters stand before and after."""

    def __init__(self, width: int, reach: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(width, width, (1, reach), groups=width),
            nn.Conv2d(width, width, 1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.act(x + self.body(x))


#: The standard deviation, in pixels of the input, of the blur that the reader sees through. What is
#: finer is the camera's sharpening and the compression's blocks; drawn plates have them otherwise.
BLUR = 1.0


def gaussian(sigma: float) -> torch.Tensor:
    """A blur of 5 x 5 for each of three channels."""
    at = torch.arange(-2.0, 3.0)
    line = torch.exp(-at.square() / (2 * sigma**2))
    line = line / line.sum()
    return (line[:, None] * line[None]).repeat(3, 1, 1, 1)


class Reader(nn.Module):
    """Input: N x 3 x 64 x 192, blue, green, red, 0 to 255.

    Outputs: logits of the first row and of the last row (N x 48 x 38 each), of the kind, of the
    colour. A row has one class for each column of 4 pixels, as in connectionist temporal
    classification (Graves et al., 2006): equal neighbours are one character, and class 0 is
    nothing. So no output has to count characters, and narrow ones are not passed over.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        w = width
        self.features = nn.Sequential(
            conv(3, w // 2, 3, 2),
            conv(w // 2, w, 3, 2),
            Bottleneck(w, w // 2),
            Bottleneck(w, w // 2),
            conv(w, 2 * w, 3, (2, 1)),
            Bottleneck(2 * w, w),
            Bottleneck(2 * w, w),
            Bottleneck(2 * w, w),
            conv(2 * w, 3 * w, 3, 1),
            Bottleneck(3 * w, w),
            Bottleneck(3 * w, w),
        )
        c = 3 * w
        self.register_buffer("blur", gaussian(BLUR), persistent=False)
        self.place = nn.Parameter(torch.zeros(1, c, 8, 1))
        # Which of the eight heights each row is at, in each column.
        self.heights = nn.Sequential(
            conv(c, c // 2, 1),
            conv(c // 2, c // 2, (5, 9), groups=c // 2),
            nn.Conv2d(c // 2, 2, 1),
        )
        self.value = conv(c, 4 * w, 1)
        self.along = nn.Sequential(Along(4 * w, 9), Along(4 * w, 9))
        self.row = nn.Parameter(torch.randn(2, 4 * w) * 0.02)
        self.chars = nn.Conv2d(4 * w, len(CHARSET), 1)
        nn.init.constant_(self.chars.bias, 0.0)
        self.whole = nn.Sequential(
            nn.Linear(c, 64), nn.ReLU(inplace=True), nn.Linear(64, len(KINDS) + len(COLOURS))
        )

    def forward(
        self, x: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        return self.told(x)[:4]

    def told(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The outputs, and the logits of the heights (N x 2 rows x 8 x 48), for training."""
        # Night and glare alike: what counts is the contrast. What has none stays without.
        mean = x.mean((1, 2, 3), keepdim=True)
        spread = (x - mean).square().mean((1, 2, 3), keepdim=True).sqrt()
        seen = nn.functional.conv2d((x - mean) / (spread + 6.0), self.blur, padding=2, groups=3)
        f = self.features(seen)
        whole = self.whole(f.mean((2, 3)))
        f = f + self.place
        height_logits = self.heights(f)
        heights = torch.softmax(height_logits, 2)
        values = self.value(f)
        # N x channels x 2 rows x 48 columns.
        first = (values * heights[:, 0:1]).sum(2)
        last = (values * heights[:, 1:2]).sum(2)
        rows = torch.stack([first, last], 2) + self.row.t()[None, :, :, None]
        logits = self.chars(self.along(rows))
        n = len(KINDS)
        return (
            logits[:, :, 0].transpose(1, 2),
            logits[:, :, 1].transpose(1, 2),
            whole[:, :n],
            whole[:, n:],
            height_logits,
        )
