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
"""What is known of a sensor when its recording has been looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.evaluation.characterise.figure import Section
from cdst_ros.evaluation.characterise.profile import Trait
from cdst_ros.synthetic import SensorProfile


@dataclass(frozen=True, eq=False)
class Example:
    """
    A frame to look at.

    :param depth: (H, W) [m], NaN = unknown
    :param overlay: depth edges drawn over colour, (h, w, 3) BGR, where there is registered colour
    """

    depth: F32
    overlay: U8 | None = None


@dataclass(frozen=True, eq=False)
class Characteristics:
    """
    A characterised sensor.

    :param source: the recording
    :param topic: that depth was read from, empty if it is no bag
    :param created: when it was looked at, ISO 8601
    :param command: that does it again
    :param frames: that could be read
    :param seconds: from the first stamp to the last, 0 without measured stamps
    :param sections: figures, in the order they are told
    :param profile: the sensor, for ``cdst_ros.synthetic`` and training
    :param traits: what of the profile was measured, and what is assumed
    :param damage: what could not be read, a sentence each
    :param example: a frame from the middle of the recording
    """

    source: str
    topic: str
    created: str
    command: str
    frames: int
    seconds: float
    sections: tuple[Section, ...]
    profile: SensorProfile
    traits: tuple[Trait, ...]
    damage: tuple[str, ...] = ()
    example: Example | None = None

    @property
    def verdict(self) -> str:
        """What the sensor delivers, in a sentence."""
        camera, detail, noise = self['camera'], self['resolution'], self['noise']
        size = f'{camera["width"].value:.0f}x{camera["height"].value:.0f}'
        parts = [f'{size} pixels']
        if detail['effective'].told:
            across, down = detail['effective_width'].value, detail['effective_height'].value
            parts[0] += f', worth {across:.0f}x{down:.0f}'
        else:
            parts[0] += ', and how many they are worth is not told'
        sigmas = [f for f in noise.figures if f.name.startswith('sigma_')]
        if sigmas:
            middle = sigmas[len(sigmas) // 2]
            parts.append(f'noise of {middle.text} {middle.label.removeprefix("sigma ")}')
        else:
            parts.append('noise that this recording does not tell')
        holes = self['holes']['all'].value
        if holes is not None:
            parts.append(f'{holes:.0%} of the pixels without depth')
        return f'This sensor delivers {"; ".join(parts)}.'

    def __getitem__(self, name: str) -> Section:
        """
        Return a section by its name.

        :raises KeyError: when there is none of it
        """
        for section in self.sections:
            if section.name == name:
                return section
        raise KeyError(f'there is no section {name!r}')

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            'source': self.source,
            'topic': self.topic,
            'created': self.created,
            'command': self.command,
            'frames': self.frames,
            'seconds': self.seconds,
            'damage': list(self.damage),
            **{section.name: section.to_json() for section in self.sections},
            'profile': self.profile.to_dict(),
            'traits': {
                trait.key: {'measured': trait.measured, 'why': trait.why} for trait in self.traits
            },
        }
