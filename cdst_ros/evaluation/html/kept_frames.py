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
"""The frames that are worth looking at: as images, as errors, enlarged at edges, and as clouds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation.colours import UNKNOWN, ColourScale, RampScale, depth_scale
from cdst_ros.evaluation.html.clouds import Cloud, Viewpoint, viewpoint_of
from cdst_ros.evaluation.html.images import picture_of
from cdst_ros.evaluation.html.page import Bar, Block, Heading, Panel, Panels, Paragraph, Picture
from cdst_ros.evaluation.metrics.catalogue import FIGURES
from cdst_ros.evaluation.metrics.edges import near_discontinuity
from cdst_ros.evaluation.recording_report import KeptFrame
from cdst_ros.evaluation.standing import RANKED_BY
from cdst_ros.evaluation.windows import Window, edge_windows

#: The classical method that repeats the pixels of the input.
NEAREST = 'nearest'
#: More models than this are not shown beside each other.
_MOST_MODELS = 2
_WINDOWS, _WINDOW_SHARE = 2, 0.2
#: Errors have the strongest colour from this percentile of those at edges on.
_ERROR_PERCENTILE = 95.0
#: Of an error scale: it ends at one of these, times a power of ten [m].
_ROUND = (1.0, 2.0, 5.0, 10.0)
_FINEST_ERROR = 0.005
#: None, some, large, very large, in OpenCV's order. Light where there is no error: little ink, and
#: what is dark is what matters.
_ERROR_COLOURS = ((250, 252, 255), (121, 190, 254), (41, 85, 230), (15, 15, 120), (25, 5, 40))
#: Farther from the reference, as far, nearer to it, in OpenCV's order.
_GAIN_COLOURS = ((123, 20, 110), (255, 255, 255), (60, 120, 0))
_SHOWN = ('edge_mae_cm', 'rmse_cm')
_LABELS = {figure.name: figure for figure in FIGURES}


def frame_blocks(
    kept: Sequence[KeptFrame], baseline: str, judged: Sequence[str], *, widest: int
) -> list[Block]:
    """
    Return what is shown of some frames of one scale: errors on one scale for all of them.

    :param kept: of one scale
    :param baseline: the classical method that is shown
    :param judged: the models, the first ones of which are shown
    :param widest: of the pictures [px]
    """
    if not kept:
        return []
    error = error_scale(kept, baseline)
    blocks: list[Block] = []
    for one in kept:
        models = [name for name in judged if name in one.outputs][:_MOST_MODELS]
        classical = _classical(one, baseline, judged)
        blocks += _Shown(one, classical, models, baseline, error, widest).blocks()
    return blocks


def error_scale(kept: Sequence[KeptFrame], baseline: str) -> RampScale:
    """Return the scale of absolute errors [m] on which all frames are shown."""
    errors = [
        np.abs(one.outputs[baseline] - one.reference)[near_discontinuity(one.reference)]
        for one in kept
        if baseline in one.outputs
    ]
    known = np.concatenate([e[np.isfinite(e)] for e in errors]) if errors else np.empty(0)
    high = float(np.percentile(known, _ERROR_PERCENTILE)) if known.size else 0.0
    return RampScale(round_up(max(high, _FINEST_ERROR)), _ERROR_COLOURS)


def round_up(value: float) -> float:
    """Return the next of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(min(power * step for step in _ROUND if power * step >= value * (1 - 1e-9)))


def _classical(kept: KeptFrame, baseline: str, judged: Sequence[str]) -> list[str]:
    """
    Return the classical method that is shown, if there is one.

    That is the baseline; where it is the input, each pixel repeated, the best other one: the
    input is shown anyhow.
    """
    if baseline != NEAREST:
        return [baseline] if baseline in kept.outputs else []
    errors = {
        name: kept.score.metrics.get(name, {}).get(RANKED_BY, math.inf)
        for name in kept.outputs
        if name not in (NEAREST, *judged)
    }
    return sorted(errors, key=lambda name: errors[name])[:1]


@dataclass(frozen=True)
class _Shown:
    """
    A frame, and how it is shown.

    :param classical: one method, or none
    :param models: in the order of their columns
    :param baseline: that the first model is compared with
    :param error: scale of errors
    :param widest: of the pictures [px]
    """

    kept: KeptFrame
    classical: list[str]
    models: list[str]
    baseline: str
    error: RampScale
    widest: int

    @property
    def scale(self) -> int:
        return self.kept.score.scale

    @property
    def _small(self) -> int:
        """Width of pictures of which four or five stand side by side [px]."""
        return 3 * self.widest // 4

    @property
    def methods(self) -> list[str]:
        """Those that have a column, in its order."""
        return [*self.classical, *self.models]

    @property
    def depths(self) -> dict[str, F32]:
        """Input, outputs and reference, by the labels of their columns."""
        outputs = {name: self.kept.outputs[name] for name in self.methods}
        return {'input': self.kept.low, **outputs, 'reference': self.kept.reference}

    @property
    def errors(self) -> dict[str, F32]:
        """Absolute errors [m] of the input, each pixel repeated, and of the outputs."""
        height, width = self.kept.reference.shape
        repeated = cv2.resize(self.kept.low, (width, height), interpolation=cv2.INTER_NEAREST)
        outputs = {name: self.kept.outputs[name] for name in self.methods}
        return {
            name: np.asarray(np.abs(depth - self.kept.reference), np.float32)
            for name, depth in {NEAREST: repeated, **outputs}.items()
        }

    def blocks(self) -> Iterator[Block]:
        score = self.kept.score
        yield Heading(f'{self.kept.role.capitalize()} frame at x{self.scale}: {score.name}')
        yield from self._whole()
        windows = edge_windows(self.kept.reference, self.scale, _WINDOWS, _WINDOW_SHARE)
        for number, window in enumerate(windows, start=1):
            yield from self._enlarged(window, number)
        yield from self._clouds(windows)

    def _whole(self) -> Iterator[Block]:
        scale = depth_scale(self.kept.reference)
        panels: list[Panel | None] = [
            Panel(self._picture(scale.paint(depth), f'Depth: {name}'), name, _size(depth))
            for name, depth in self.depths.items()
        ]
        for name, error in self.errors.items():
            picture = self._picture(self.error.paint(error), f'Absolute error of {name}')
            panels.append(Panel(picture, f'error of {name}', self._told(name)))
        bars = [depth_bar(scale, 'depth'), error_bar(self.error, unknown=True)]
        if self.models and self.baseline in self.errors:
            gain, gained = self._gain(self.errors, self.models[0])
            panels.append(gained)
            bars.append(gain)
        else:
            panels.append(None)
        panels += self._seen_besides()
        yield Panels(panels, len(self.depths), bars=bars)

    def _seen_besides(self) -> list[Panel | None]:
        """Return a row of the picture and sigma, where there are some."""
        panels: list[Panel | None] = [None] * len(self.depths)
        if self.kept.rgb is not None:
            colours = np.ascontiguousarray(self.kept.rgb[..., ::-1])
            picture = self._picture(colours, 'Picture of the scene')
            panels[0] = Panel(picture, 'colour')
        if self.kept.sigma is not None and self.models:
            ours = self.models[0]
            picture = self._picture(self.error.paint(self.kept.sigma), f'Sigma of {ours}')
            place = 1 + self.methods.index(ours)
            panels[place] = Panel(picture, f'sigma of {ours}', 'in the colours of errors')
        return panels if any(panels) else []

    def _gain(self, errors: Mapping[str, F32], ours: str) -> tuple[Bar, Panel]:
        """Return where our model is nearer to the reference than the baseline, and farther."""
        gain = np.asarray(errors[self.baseline] - errors[ours], np.float32)
        scale = RampScale(self.error.high, _GAIN_COLOURS, signed=True)
        alt = f'Green where {ours} is nearer to the reference than {self.baseline}, else purple'
        panel = Panel(self._picture(scale.paint(gain), alt), f'{ours} against {self.baseline}')
        span = _centimetres(scale.high)
        ticks = (f'{span} farther', '0', f'{span} nearer')
        ramp = picture_of(scale.bar(256, 1), 'From purple over white to green', pixelated=True)
        return Bar(ramp, f'{ours} against {self.baseline}, to the reference', ticks), panel

    def _enlarged(self, window: Window, number: int) -> Iterator[Block]:
        near = window.cut(self.kept.reference, self.scale)
        scale = depth_scale(near)
        where = f'edge {number}, {window.width}x{window.height} pixels of the input'
        panels: list[Panel | None] = []
        for name, depth in self.depths.items():
            cut = window.cut(depth, 1 if name == 'input' else self.scale)
            alt = f'Depth at edge {number}, enlarged: {name}'
            panels.append(Panel(_enlarged(scale.paint(cut), alt), name))
        for name, error in self.errors.items():
            cut = window.cut(error, self.scale)
            alt = f'Absolute error at edge {number}, enlarged: {name}'
            panels.append(Panel(_enlarged(self.error.paint(cut), alt), f'error of {name}'))
        panels.append(self._place_of(window))
        yield Heading(f'{where[0].upper()}{where[1:]}, enlarged', level=4)
        bars = [depth_bar(scale, 'depth, over this window'), error_bar(self.error)]
        yield Panels(panels, len(self.depths), bars=bars)

    def _place_of(self, window: Window) -> Panel:
        """Return the reference with the window outlined."""
        view = depth_scale(self.kept.reference).paint(self.kept.reference)
        rows, columns = window.slices(self.scale)
        corners = (columns.start, rows.start), (columns.stop - 1, rows.stop - 1)
        for colour, line in ((30, 34, 40), 5), ((255, 255, 255), 2):
            thick = max(1, round(line * view.shape[1] / 480))
            cv2.rectangle(view, *corners, colour, thick)
        return Panel(
            self._picture(view, 'The reference, with this window outlined'), 'where it is'
        )

    def _clouds(self, windows: Sequence[Window]) -> Iterator[Block]:
        camera, reference = self.kept.camera, self.kept.reference
        if camera is None or not camera.calibrated or not np.isfinite(reference).any():
            yield Paragraph('The camera is not known: there is no cloud to be seen.', faint=True)
            return
        scale = depth_scale(reference)
        low_camera = camera.scaled(1 / self.scale, GridAlignment.HALF_PIXEL)
        clouds = {
            name: Cloud.of(depth, low_camera if name == 'input' else camera, scale)
            for name, depth in self.depths.items()
        }
        columns = len(clouds)
        yield Heading('Clouds, seen from beside the camera', level=4)
        whole = viewpoint_of(reference, camera)
        panels = _cloud_panels(clouds, whole, 'the whole view', self._small)
        yield Panels(panels, columns, bars=[depth_bar(scale, 'depth')])
        if not windows or not np.isfinite(reference[windows[0].slices(self.scale)]).any():
            return
        near = viewpoint_of(reference, camera, window=windows[0].slices(self.scale))
        yield Panels(
            _cloud_panels(clouds, near, 'edge 1', self.widest),
            -(-columns // 2) if columns > 3 else columns,
            'All from one viewpoint, each pixel a square of its size. What hangs in the air '
            'between two surfaces is on neither.',
        )

    def _picture(self, image: U8, alt: str) -> Picture:
        return picture_of(image, alt, widest=self._small, pixelated=image.shape[1] < 200)

    def _told(self, name: str) -> str:
        """Return the figures of a method on this frame."""
        metrics = self.kept.score.metrics.get(name, {})
        return ', '.join(
            f'{_LABELS[figure].label.split(" [")[0]} {_LABELS[figure].told(metrics[figure])} cm'
            for figure in _SHOWN
            if np.isfinite(metrics.get(figure, np.nan))
        )


def _cloud_panels(
    clouds: Mapping[str, Cloud], viewpoint: Viewpoint, what: str, width: int
) -> list[Panel]:
    """Return the clouds of all columns, from one viewpoint."""
    views = {name: one.view(viewpoint, (width, 3 * width // 4)) for name, one in clouds.items()}
    return [
        Panel(picture_of(view, f'Cloud of {what} from beside the camera: {name}'), name, what)
        for name, view in views.items()
    ]


def depth_bar(scale: ColourScale, label: str) -> Bar:
    """Return the legend of depths."""
    middle = (scale.low + scale.high) / 2
    ticks = tuple(f'{value:.2f} m' for value in (scale.low, middle, scale.high))
    return Bar(picture_of(scale.bar(256, 1), 'From near to far', pixelated=True), label, ticks)


def error_bar(scale: RampScale, *, unknown: bool = False) -> Bar:
    """Return the legend of absolute errors."""
    ticks = ('0', _centimetres(scale.value(0.5)), f'{_centimetres(scale.high)} and more')
    ramp = picture_of(scale.bar(256, 1), 'From none to large', pixelated=True)
    grey = np.full((1, 2, 3), UNKNOWN, np.uint8)
    swatch = picture_of(grey, 'Grey', pixelated=True) if unknown else None
    return Bar(ramp, 'absolute error', ticks, swatch)


def _enlarged(image: U8, alt: str) -> Picture:
    """Return every pixel as a square."""
    return picture_of(image, alt, pixelated=True)


def _centimetres(metres: float) -> str:
    return f'{100 * metres:g} cm'


def _size(depth: F32) -> str:
    return f'{depth.shape[1]}x{depth.shape[0]}'
