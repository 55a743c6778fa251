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
"""What a configuration says of one source of samples."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Kinds of source, and what each reads, for people.
KINDS: dict[str, str] = {
    'procedural': 'scenes that are made, as without sources',
    'disparity': 'a folder of NAME_depth.png, disparity, and NAME_rgb.jpg where there is colour',
    'metric': 'a folder of NAME_depth.png, depth, 0 unknown, and NAME_rgb.jpg likewise',
    'middlebury': 'Middlebury stereo scenes of any year, as they are published',
    'nyu': 'NYU Depth v2, the labelled file as it is published',
    'recordings': 'what a robot recorded: a recording, a bag or pairs, or a folder of them',
}
#: Options that some kinds alone read.
_READ_BY = {
    'unit': ('disparity', 'metric', 'recordings'),
    'reduce': ('metric', 'nyu', 'recordings'),
}


@dataclass(frozen=True)
class SourceConfig:
    """
    One source of samples.

    :param kind: one of ``KINDS``
    :param path: folder or file, below ``data.root`` where it is not absolute
    :param share: of the samples, beside those of the other sources
    :param degradation: how the input is made of the truth, and the share of each: names of
        ``sources/degradation.py``, or sensor profiles
    :param unit: what a stored value of 1 is worth: metres of depth, or levels of disparity; 0:
        a millimetre, or a level
    :param color: whether to take pictures, where there are some and batches carry them
    :param reduce: images are made so many times smaller first, by the median of what is known
    :param first: of the images in their order, those from this share on are trained on
    :param last: and those before this share
    :param images: so many of them at most, spread evenly; 0: all
    :param exclude: names of images to leave out
    :param rescaled: share of the disparity samples whose levels are scaled and rounded anew;
        all are rounded to 8 bits
    :param span_least: levels from the least to the greatest of a map that is scaled, from this
    :param span_most: to this
    :param remapped: share of the disparity samples that are taken for depth as random metres a
        level with a random offset, and not as the evaluation of Middlebury does
    :param doubles: whether to train on scenes that another folder has too: not where that one is
        validated on
    :param measured: of recordings, take frames as they were measured, with colour of the output's
        resolution and without a truth, whether or not they have a reference; else, where there
        is none, inputs are made of what was measured: pairs across scales
    :param haze: extinction of the haze or smoke that pictures are seen through [1/m], in the
        mean: with it colour tells depth; 0: clear air
    :param licence: of the data, for the model's metadata
    """

    kind: str
    path: str = ''
    share: float = 1.0
    degradation: dict[str, float] = field(default_factory=lambda: {'cv2_bicubic': 1.0})
    unit: float = 0.0
    color: bool = True
    reduce: int = 1
    first: float = 0.0
    last: float = 1.0
    images: int = 0
    exclude: list[str] = field(default_factory=list)
    rescaled: float = 0.5
    span_least: float = 40.0
    span_most: float = 230.0
    remapped: float = 0.0
    doubles: bool = False
    measured: bool = False
    haze: float = 0.0
    licence: str = ''

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f'there is no source of kind {self.kind!r}: use {", ".join(KINDS)}')
        if bool(self.path) == (self.kind == 'procedural'):
            raise ValueError(
                'a procedural source has no path'
                if self.path
                else f'a source of kind {self.kind} needs a path'
            )
        if not self.share > 0:
            raise ValueError(f'share must be positive, got {self.share}')
        for name in ('rescaled', 'remapped'):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f'{name} is a share of 0 to 1, got {getattr(self, name)}')
        if not 0 <= self.first < self.last <= 1:
            raise ValueError(
                f'first and last are shares of 0 to 1, the first before the last, '
                f'got {self.first} and {self.last}'
            )
        if self.reduce < 1 or self.unit < 0 or self.images < 0:
            raise ValueError(
                'reduce must be at least 1, unit and images not negative, '
                f'got {self.reduce}, {self.unit} and {self.images}'
            )
        if not 0 < self.span_least <= self.span_most <= 255:
            raise ValueError(
                'span_least and span_most are levels of 0 to 255, the least first, '
                f'got {self.span_least} and {self.span_most}'
            )
        self._check_read()
        self._check_haze()
        for name, share in self.degradation.items():
            if not (isinstance(share, int | float) and share > 0):
                raise ValueError(f'the share of degradation {name!r} must be positive')
        self._check_measured()
        if not self.degradation:
            raise ValueError('degradation is empty: name one, such as {cv2_bicubic: 1.0}')

    def _check_read(self) -> None:
        given = {'unit': self.unit > 0, 'reduce': self.reduce > 1}
        for name, kinds in _READ_BY.items():
            if given[name] and self.kind not in kinds:
                raise ValueError(
                    f'{name} is for sources of kind {", ".join(kinds)}; one of kind {self.kind} '
                    'does not read it'
                )

    def _check_measured(self) -> None:
        if self.measured and self.kind != 'recordings':
            raise ValueError(f'measured is for recordings, not for a source of kind {self.kind}')

    def _check_haze(self) -> None:
        if not self.haze >= 0:
            raise ValueError(f'haze must not be negative, got {self.haze}')
        if self.haze and (self.kind in ('disparity', 'middlebury') or self.measured):
            raise ValueError('haze is laid on by true depth [m], which this source does not give')
