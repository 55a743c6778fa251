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
"""
What a robot recorded: recordings of this package, bags, and folders of pairs.

Where a frame has a reference of higher resolution, depth is the input and the reference the truth.
Where it has none, the recorded depth is the truth, and inputs are made of it by the scale: pairs
across scales. Or it is the input, on request (``measured``), with colour of the output's
resolution, and there is no truth.

Colour is brought onto the grid of the truth, and is 0 where nothing is seen. Where it lies more
than 2 px of that grid beside depth, over the recording, it teaches nothing: it is refused.

Frames are chosen first, and only those are kept: what is decoded stays in memory.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from cdst_ros.depth.arrays import U8
from cdst_ros.depth.encodings import MILLIMETRES
from cdst_ros.depth.misregistration import MisregisteredError, require_registered
from cdst_ros.depth.registration import RegistrationError
from cdst_ros.evaluation.references import RecordedPairs, UnusableFrameError
from cdst_ros.evaluation.seen_color import ColorMeter, seen_color
from cdst_ros.evaluation.sources import Kind, SourceFrame, kind_of, open_source
from cdst_ros.recordings.bag import TOLERANCE_NS
from cdst_ros.recordings.datasets.pairs import LOW
from cdst_ros.training.config import ConfigError
from cdst_ros.training.sources.image import SourceImage, metric
from cdst_ros.training.sources.selection import select
from cdst_ros.training.sources.settings import SourceConfig

#: What the frames of a source take in memory at most, where nobody says how many there shall be.
MOST_BYTES = 2**30


def read_recordings(
    path: Path, settings: SourceConfig, scale: int, *, color: bool, taught: bool = True
) -> list[SourceImage]:
    """
    Decode a recording, a bag or a folder of pairs, or all those in a folder, by name.

    ``first``, ``last`` and ``images`` are of each of them. Without ``images`` as many frames are
    taken, spread evenly, as ``MOST_BYTES`` hold; a line says so where those are not all.

    :param scale: output pixels per input pixel, each way
    :param color: whether to read pictures
    :param taught: whether something is learned from them, so that they have to lie on depth
    :raises ConfigError: when there is none, no frame makes a pair, or colour lies beside depth
    :raises ValueError: when one can not be read
    """
    if not path.exists():
        raise ConfigError(f'there is no {path}: data.root and path of a source name it')
    found = list(_found(path, settings))
    if not found:
        raise ConfigError(
            f'{path} is no recording, bag or folder of pairs, and holds none; a folder of depth '
            'images is of kind metric'
        )
    images = []
    for one in found:
        reading = _Reading(one, settings, scale, color=color, most_bytes=MOST_BYTES // len(found))
        images += reading.images()
        if taught:
            reading.check_color()
    if not images:
        raise ConfigError(f'{path}: no frame is left to train on')
    return images


class _Reading:
    """One recording, bag or folder of pairs."""

    def __init__(
        self, path: Path, settings: SourceConfig, scale: int, *, color: bool, most_bytes: int
    ) -> None:
        self._path = path
        self._settings = settings
        self._scale = scale
        self._color = color
        self._most_bytes = most_bytes
        self._pairing: RecordedPairs | None = None
        self._meter = ColorMeter(scale, 0)
        self._colored = 0
        self._why_no_color = ''

    def images(self) -> list[SourceImage]:
        """Return what is trained on."""
        unit = self._settings.unit or MILLIMETRES
        images, faults = [], []
        with open_source(
            self._path,
            depth_scale=unit,
            color=self._color,
            reference=not self._settings.measured,
            require_color=False,
        ) as source:
            count = len(source) or sum(1 for _ in source)
            chosen: frozenset[int] = frozenset()
            for number, frame in enumerate(source):
                if not number:
                    chosen = frozenset(self._chosen(count, frame))
                    self._meter = ColorMeter(self._finer(frame), count)
                self._measure(number, frame)
                if number not in chosen:
                    continue
                try:
                    images.append(self._image(frame))
                except UnusableFrameError as error:
                    faults.append(f'frame {frame.name}: {error}')
        if faults and not images:
            raise ConfigError(f'{self._path}: no frame makes a pair. {faults[0]}')
        return images

    def _chosen(self, count: int, frame: SourceFrame) -> list[int]:
        """Return which of so many frames are trained on, by number; say if memory decides."""
        asked = select(range(count), self._settings)
        most = max(self._most_bytes // self._bytes(frame), 1)
        if self._settings.images or len(asked) <= most:
            return asked
        # No warning: those are ignored while a run reads its data (``train.py``).
        print(
            f'{self._path}: {most} of its {len(asked)} frames are trained on, spread evenly: as '
            f'many as {self._most_bytes / 2**20:.0f} MiB hold. "images" of the source says how '
            'many there shall be',
            file=sys.stderr,
        )
        return select(range(count), replace(self._settings, images=most))

    def _bytes(self, frame: SourceFrame) -> int:
        """Return what a frame takes in memory, about."""
        finer = self._finer(frame)
        truth = frame.depth.size * finer**2
        picture = 3 * truth if self._color else 0
        low = 4 * frame.depth.size if finer > 1 else 0
        return picture + low + (0 if self._settings.measured else 4 * truth)

    def _finer(self, frame: SourceFrame) -> int:
        """Return how many times finer than depth the truth and its picture are."""
        across = frame.reference is None and not self._settings.measured
        return 1 if across else self._scale

    def _measure(self, number: int, frame: SourceFrame) -> None:
        """Look how colour lies on depth, in frames that are spread over all of the recording."""
        if self._color and self._meter.wants(number):
            try:
                self._meter.add(number, frame)
            except RegistrationError as error:
                self._why_no_color = str(error)

    def _image(self, frame: SourceFrame) -> SourceImage:
        name = f'{self._path}, frame {frame.name}'
        if self._settings.measured:
            rgb = self._rgb(frame, self._scale)
            height, width = frame.depth.shape
            # No pixel is stored: every one is the same.
            unknown = np.broadcast_to(
                np.float32(np.nan), (self._scale * height, self._scale * width)
            )
            return SourceImage(name, unknown, rgb, low=frame.depth)
        if frame.reference is None:
            return metric(name, frame.depth, self._rgb(frame, 1), self._settings.reduce)
        if self._pairing is None:
            self._pairing = RecordedPairs(frame, TOLERANCE_NS, 'its reference')
            self._pairing.scales((self._scale,), ())
        view = self._pairing.view(frame, self._scale, 0)
        return SourceImage(name, view.reference, self._rgb(frame, self._scale), low=view.low)

    def _rgb(self, frame: SourceFrame, scale: int) -> U8 | None:
        """Return colour on the grid of depth made so many times finer, where it can be."""
        if not self._color:
            return None
        try:
            rgb = seen_color(frame, scale)
        except RegistrationError as error:
            self._why_no_color = str(error)
            return None
        self._colored += 1
        return rgb

    def check_color(self) -> None:
        """
        Refuse colour that lies beside depth.

        :raises ConfigError: when it does, or is all that is left out of what was asked for
        """
        remedy = 'or set color: false for this source'
        if not self._color:
            return
        if not self._colored:
            if self._settings.measured:
                raise ConfigError(
                    f'{self._path}: no frame has colour that teaches: {self._why_no_color}; '
                    f'{remedy}'
                )
            return
        try:
            # Where pairs have a truth, edges are learned from that: colour may be unproven.
            require_registered(self._meter.measured(), unknown=not self._settings.measured)
        except MisregisteredError as error:
            raise ConfigError(f'{self._path}: {error}, {remedy}') from error


def _found(path: Path, settings: SourceConfig) -> Iterator[Path]:
    if _is_recorded(path):
        yield path
        return
    for below in sorted(path.iterdir()) if path.is_dir() else ():
        if below.name not in settings.exclude and _is_recorded(below):
            yield below


def _is_recorded(path: Path) -> bool:
    """Return whether it is more than depth images, which sources of another kind read."""
    kind = kind_of(path)
    return kind in (Kind.BAG, Kind.RECORDING) or (kind is Kind.FOLDER and (path / LOW).is_dir())
