# Copyright 2026 cdst_ros authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""One picture that shows what super-resolution did: input, methods, truth, and where they err."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.evaluation.colours import UNKNOWN, ColourScale, depth_scale
from cdst_ros.evaluation.windows import depth_edges, edge_worth

#: Lengths in the picture [px].
_PANEL_WIDTH = 468
_LEGEND_HEIGHT = 240
_GAP = 12
_MARGIN = 20
_TITLE = 26
_LABEL = 18
_SMALL = 15

#: Colours, in OpenCV's order.
_PAPER = (255, 255, 255)
_INK = (40, 34, 30)
_FAINT = (120, 112, 104)
_FRAME = (255, 255, 255)

#: The inset shows this share of the picture, each way.
_INSET = 0.22
#: The error scale spans at least this [m].
_FINEST_ERROR = 0.005


def draw_comparison(
    low: F32, methods: Mapping[str, F32], truth: F32, title: str = '', note: str = ''
) -> U8:
    """
    Draw input, methods and truth side by side on one depth scale, and errors on one error scale.

    Three rows: the whole view, an enlarged cut around a depth edge of the truth, and the absolute
    error over the whole view, of the input (each pixel repeated) and of every method. Unknown
    depth is grey everywhere. RMSE is over the pixels that the truth and all of them know.

    :param low: (h, w) [m], the sensor's image, NaN = unknown
    :param methods: (H, W) [m] by label, drawn in this order; the last one is ours
    :param truth: (H, W) [m]
    :param title: what was run
    :param note: in small print under it
    :return: (height, width, 3) BGR
    :raises ValueError: when a method's size is not the truth's
    """
    _check_sizes(methods, truth)
    depth = depth_scale(truth)
    repeated = _repeat(low, truth.shape)
    error = _error_scale(repeated, truth)
    cut = _edge_cut(truth)
    labels = [
        f'input {low.shape[1]}x{low.shape[0]}',
        *methods,
        f'truth {truth.shape[1]}x{truth.shape[0]}',
    ]
    depths = [low, *methods.values(), truth]
    judged = {'input': repeated, **methods}

    width = _PANEL_WIDTH
    height = max(_LEGEND_HEIGHT, round(width * truth.shape[0] / truth.shape[1]))
    views = [_fit(depth.paint(d), width, height) for d in depths]
    cuts = [_fit(depth.paint(_cut_out(d, cut)), width, height) for d in depths]
    errors = [_fit(error.paint(_error(d, truth)), width, height) for d in judged.values()]
    for view in views:
        _outline(view, cut)

    legend = _legend(depth, error, width, height)
    rows = [
        list(zip(labels, views, strict=True)),
        [('', c) for c in cuts],
        [*zip(_error_labels(judged, truth), errors, strict=True), ('', legend)],
    ]
    return _lay_out(rows, title, note)


def _check_sizes(methods: Mapping[str, F32], truth: F32) -> None:
    for label, depth in methods.items():
        if depth.shape != truth.shape:
            raise ValueError(f'{label} is {depth.shape}, the truth is {truth.shape}: draw equals')


def _error(depth: F32, truth: F32) -> F32:
    return np.asarray(np.abs(depth - truth), dtype=np.float32)


def _repeat(low: F32, shape: tuple[int, ...]) -> F32:
    """Return ``low`` at the truth's size, every pixel repeated."""
    size = (shape[1], shape[0])
    return np.asarray(cv2.resize(low, size, interpolation=cv2.INTER_NEAREST), dtype=np.float32)


def _error_labels(judged: Mapping[str, F32], truth: F32) -> list[str]:
    """Return ``error of ...: RMSE ... cm`` for each, over the pixels that all of them know."""
    squared = [np.square(depth - truth) for depth in judged.values()]
    known = np.logical_and.reduce([np.isfinite(s) for s in squared])
    if not known.any():
        return [f'error of {label}' for label in judged]
    rmse_cm = (100 * np.sqrt(s[known].mean()) for s in squared)
    return [f'error of {label}: RMSE {r:.1f} cm' for label, r in zip(judged, rmse_cm, strict=True)]


def _error_scale(repeated: F32, truth: F32) -> ColourScale:
    """Return a scale that ends at the RMSE of the repeated input: noise and edges both show."""
    plain = _error(repeated, truth)
    known = plain[np.isfinite(plain)]
    high = float(np.sqrt(np.square(known).mean())) if known.size else 0.0
    return ColourScale(0.0, max(high, _FINEST_ERROR), cv2.COLORMAP_INFERNO)


def edge_share(truth: F32) -> float:
    """Return the share of the pixels (H, W) that have two surfaces around them, 0 to 1."""
    return float(depth_edges(truth).mean())


def _edge_cut(truth: F32) -> tuple[float, float, float, float]:
    """
    Return left, top, width, height of the cut that shows edges best, as shares of the image.

    That is where most edges lie around its middle, and little is unknown.
    """
    rows, columns = truth.shape
    tall, wide = max(1, round(rows * _INSET)), max(1, round(columns * _INSET))
    worth = edge_worth(truth, tall, wide)
    top, left = np.unravel_index(int(np.argmax(worth)), worth.shape)
    return float(left / columns), float(top / rows), wide / columns, tall / rows


def _cut_out(depth: F32, cut: tuple[float, float, float, float]) -> F32:
    rows, columns = depth.shape
    left, top = round(cut[0] * columns), round(cut[1] * rows)
    right = max(left + 1, round((cut[0] + cut[2]) * columns))
    bottom = max(top + 1, round((cut[1] + cut[3]) * rows))
    return depth[top:bottom, left:right]


def _fit(image: U8, width: int, height: int) -> U8:
    """Resize: averaging when it shrinks, whole pixels when it grows."""
    if image.shape[:2] == (1, 1):  # which OpenCV 4.5.4 does not resize
        return np.tile(image, (height, width, 1))
    shrinks = image.shape[1] > width
    how = cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), dtype=np.uint8)


def _outline(view: U8, cut: tuple[float, float, float, float]) -> None:
    height, width = view.shape[:2]
    first = (round(cut[0] * width), round(cut[1] * height))
    last = (round((cut[0] + cut[2]) * width) - 1, round((cut[1] + cut[3]) * height) - 1)
    cv2.rectangle(view, first, last, _INK, 4)
    cv2.rectangle(view, first, last, _FRAME, 2)


def _legend(depth: ColourScale, error: ColourScale, width: int, height: int) -> U8:
    """Return a panel with both colour scales, and the grey of unknown depth."""
    panel: U8 = np.full((height, width, 3), _PAPER, np.uint8)
    left, bar = 6, (width - 12, 22)
    y = (height - _LEGEND_HEIGHT) // 2
    for label, scale, factor, unit in (
        ('depth', depth, 1.0, 'm'),
        ('absolute error', error, 100.0, 'cm'),
    ):
        _write(panel, label, (left, y), _LABEL)
        y += _LABEL + 8
        panel[y : y + bar[1], left : left + bar[0]] = scale.bar(*bar)
        y += bar[1] + 6
        middle = (scale.low + scale.high) / 2
        for share, value in ((0.0, scale.low), (0.5, middle), (1.0, scale.high)):
            text = _quantity(factor * value, unit)
            x = left + share * (bar[0] - _text_width(text, _SMALL))
            _write(panel, text, (round(x), y), _SMALL, _FAINT)
        y += _SMALL + 26
    panel[y : y + _LABEL, left : left + 44] = UNKNOWN
    _write(panel, 'unknown', (left + 54, y), _SMALL, _FAINT)
    return panel


def _quantity(value: float, unit: str) -> str:
    return f'{value:.1f} {unit}' if value < 10 else f'{value:.0f} {unit}'


def _lay_out(rows: list[list[tuple[str, U8]]], title: str, note: str) -> U8:
    """Return the page: a title, then the rows of labelled panels."""
    panel_height, panel_width = rows[0][0][1].shape[:2]
    columns = max(len(row) for row in rows)
    width = 2 * _MARGIN + columns * panel_width + (columns - 1) * _GAP
    heads = [(_LABEL + 10 if any(label for label, _ in row) else 0) for row in rows]
    head = (_TITLE + 12 if title else 0) + (_SMALL + 12 if note else 0)
    height = 2 * _MARGIN + head + sum(heads) + len(rows) * (panel_height + _GAP) - _GAP

    page: U8 = np.full((height, width, 3), _PAPER, np.uint8)
    if title:
        _write(page, title, (_MARGIN, _MARGIN - 4), _TITLE)
    if note:
        _write(page, note, (_MARGIN, _MARGIN + head - _SMALL - 14), _SMALL, _FAINT)
    y = _MARGIN + head
    for row, above in zip(rows, heads, strict=True):
        for column, (label, panel) in enumerate(row):
            x = _MARGIN + column * (panel_width + _GAP)
            _write(page, label, (x + 2, y), _LABEL)
            page[y + above : y + above + panel_height, x : x + panel_width] = panel
        y += above + panel_height + _GAP
    return page


_FONT = cv2.FONT_HERSHEY_SIMPLEX
#: Text is drawn this many times larger and averaged down: OpenCV's strokes are coarse.
_OVERSAMPLING = 4


def _text_size(text: str, size: int) -> tuple[int, int, float]:
    """Return width and height of oversampled text, and the font scale that gives it."""
    scale = cv2.getFontScaleFromHeight(_FONT, round(size * _OVERSAMPLING * 0.72), 1)
    (width, height), _ = cv2.getTextSize(text, _FONT, scale, _OVERSAMPLING)
    return width, height, scale


def _text_width(text: str, size: int) -> int:
    return _text_size(text, size)[0] // _OVERSAMPLING


def _write(
    image: U8, text: str, at: tuple[int, int], size: int, colour: tuple[int, int, int] = _INK
) -> None:
    """Write text with its upper left corner at ``at`` (x, y); what does not fit is cut off."""
    if not text:
        return
    x, y = at
    width, _, scale = _text_size(text, size)
    rows, columns = size + size // 2, width // _OVERSAMPLING + 2
    ink = np.zeros((rows * _OVERSAMPLING, columns * _OVERSAMPLING), np.uint8)
    base = round(size * _OVERSAMPLING)
    cv2.putText(ink, text, (0, base), _FONT, scale, 255, _OVERSAMPLING, cv2.LINE_AA)
    share = cv2.resize(ink, (columns, rows), interpolation=cv2.INTER_AREA)[..., None] / 255.0
    target = image[y : y + rows, x : x + columns]
    share = share[: target.shape[0], : target.shape[1]]
    target[:] = np.round(target * (1 - share) + np.array(colour) * share)
