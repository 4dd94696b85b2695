"""What a model tells of itself against what is so, as numbers and as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def reliability(
    probabilities: np.ndarray, right: np.ndarray, path: Path
) -> list[tuple[float, float, int]]:
    """Told against true, in bins that grow finer towards 1; drawn as an SVG picture."""
    edges = [0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0001]
    rows = []
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (low <= probabilities) & (probabilities < high)
        if inside.sum():
            rows.append(
                (
                    float(probabilities[inside].mean()),
                    float(right[inside].mean()),
                    int(inside.sum()),
                )
            )
    at = lambda told, true: f"{50 + 300 * told:.1f},{330 - 300 * true:.1f}"
    points = " ".join(at(told, true) for told, true, _ in rows)
    dots = "".join(
        '<circle cx="{}" cy="{}" r="3.5"/>'.format(*at(a, b).split(",")) for a, b, _ in rows
    )
    path.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 370 370" '
        'font-family="sans-serif" font-size="12">'
        '<rect width="370" height="370" fill="#fff"/>'
        '<path d="M50 330 L350 30" stroke="#999" stroke-dasharray="4"/>'
        f'<polyline points="{points}" fill="none" stroke="#1b6ac9" stroke-width="2"/>'
        f'<g fill="#1b6ac9">{dots}</g>'
        '<path d="M50 30 V330 H350" fill="none" stroke="#333"/>'
        '<text x="130" y="360">probability told</text>'
        '<text x="-240" y="20" transform="rotate(-90)">share that is right</text></svg>\n'
    )
    return rows
