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
across scales.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cdst_ros.depth.encodings import MILLIMETRES
from cdst_ros.evaluation.references import RecordedPairs, UnusableFrameError, color_of
from cdst_ros.evaluation.sources import Kind, SourceFrame, kind_of, open_source
from cdst_ros.recordings.bag import TOLERANCE_NS
from cdst_ros.recordings.datasets.pairs import LOW
from cdst_ros.training.config import ConfigError
from cdst_ros.training.sources.image import SourceImage, metric
from cdst_ros.training.sources.selection import select
from cdst_ros.training.sources.settings import SourceConfig


def read_recordings(
    path: Path, settings: SourceConfig, scale: int, *, color: bool
) -> list[SourceImage]:
    """
    Decode a recording, a bag or a folder of pairs, or all those in a folder, by name.

    ``first`` and ``last`` are of each of them.

    :param scale: output pixels per input pixel, each way
    :param color: whether to read pictures
    :raises ConfigError: when there is none, or no frame makes a pair
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
    images = [
        image for one in found for image in _Reading(one, settings, scale, color=color).images()
    ]
    if not images:
        raise ConfigError(f'{path}: no frame is left to train on')
    return images


class _Reading:
    """One recording, bag or folder of pairs."""

    def __init__(self, path: Path, settings: SourceConfig, scale: int, *, color: bool) -> None:
        self._path = path
        self._settings = settings
        self._scale = scale
        self._color = color
        self._pairing: RecordedPairs | None = None

    def images(self) -> list[SourceImage]:
        """Return what is trained on."""
        unit = self._settings.unit or MILLIMETRES
        images, faults = [], []
        with open_source(
            self._path,
            depth_scale=unit,
            color=self._color,
            reference=True,
            require_color=False,
        ) as source:
            for frame in source:
                try:
                    images.append(self._image(frame))
                except UnusableFrameError as error:
                    faults.append(f'frame {frame.name}: {error}')
        if faults and not images:
            raise ConfigError(f'{self._path}: no frame makes a pair. {faults[0]}')
        return select(images, self._settings)

    def _image(self, frame: SourceFrame) -> SourceImage:
        name = f'{self._path}, frame {frame.name}'
        if frame.reference is None:
            rgb = color_of(frame, frame.camera)
            return metric(name, frame.depth, rgb, self._settings.reduce)
        if self._pairing is None:
            self._pairing = RecordedPairs(frame, TOLERANCE_NS, 'its reference')
            self._pairing.scales((self._scale,), ())
        view = self._pairing.view(frame, self._scale, 0)
        return SourceImage(name, view.reference, view.rgb, low=view.low)


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
