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
"""Sequences: what a recording says of each time that somebody collected."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from cdst_ros.depth.noise import NoiseModel
from cdst_ros.recordings.errors import RecordingError


@dataclass(frozen=True)
class MeasuredNoise:
    """
    The noise of a sensor that was held still.

    :param model: sigma(z), fitted
    :param frames: frames that it was measured on
    :param stamp_ns: of the last of them [ns]
    :param depths: depths that sigma was measured at [m]
    :param sigmas: sigma there [m]
    :param pixels: how many pixels told it
    """

    model: NoiseModel
    frames: int = 0
    stamp_ns: int = 0
    depths: tuple[float, ...] = ()
    sigmas: tuple[float, ...] = ()
    pixels: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.depths) == len(self.sigmas) == len(self.pixels):
            raise ValueError(
                f'{len(self.depths)} depths, {len(self.sigmas)} sigmas and {len(self.pixels)} '
                'counts of pixels do not belong together'
            )

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> MeasuredNoise:
        """Return what ``to_json`` wrote."""
        return cls(
            model=NoiseModel(**{name: float(v) for name, v in values['model'].items()}),
            frames=int(values.get('frames', 0)),
            stamp_ns=int(values.get('stamp_ns', 0)),
            depths=tuple(float(v) for v in values.get('depths', ())),
            sigmas=tuple(float(v) for v in values.get('sigmas', ())),
            pixels=tuple(int(v) for v in values.get('pixels', ())),
        )


@dataclass(frozen=True)
class SequenceEntry:
    """
    One collecting session, as the last line of its number in ``sequences.jsonl`` describes it.

    :param number: of the sequence, from 0; the frames name it
    :param name: given by whoever collected, may be empty
    :param began: why, where it was not asked for: such as a clock that was set back
    :param started_ns: when it was begun, by the clock of the machine [ns]
    :param source: where its frames come from, in words
    :param topics: ROS topics by what they carried: ``depth``, ``color``, ``reference``, and
        ``depth_info``, ``color_info``, ``reference_info``
    :param world: frame that the poses are given in, such as ``map``
    :param noise: of the sensor, where it was measured
    :param offered: frames that came, where counted; those not kept were dropped
    :param dropped: frames that were not kept, by reason
    :param ended: whether it was closed; if not, it is being written, or a kill ended it
    """

    number: int
    name: str = ''
    began: str = ''
    started_ns: int = 0
    source: str = ''
    topics: dict[str, str] = field(default_factory=dict)
    world: str = ''
    noise: MeasuredNoise | None = None
    offered: int | None = None
    dropped: dict[str, int] = field(default_factory=dict)
    ended: bool = False

    def to_line(self) -> bytes:
        """Return the line, with its end."""
        values = dict(self.__dict__)
        values['noise'] = None if self.noise is None else self.noise.to_json()
        return json.dumps(values, separators=(',', ':')).encode() + b'\n'

    @classmethod
    def from_line(cls, line: bytes) -> SequenceEntry:
        """
        Return the entry that a line holds.

        :raises RecordingError: when the line is damaged
        """
        try:
            values = json.loads(line)
            noise, offered = values.get('noise'), values.get('offered')
            return cls(
                number=int(values['number']),
                name=str(values.get('name', '')),
                began=str(values.get('began', '')),
                started_ns=int(values.get('started_ns', 0)),
                source=str(values.get('source', '')),
                topics={str(k): str(v) for k, v in values.get('topics', {}).items()},
                world=str(values.get('world', '')),
                noise=None if noise is None else MeasuredNoise.from_json(noise),
                offered=None if offered is None else int(offered),
                dropped={str(k): int(v) for k, v in values.get('dropped', {}).items()},
                ended=bool(values.get('ended', False)),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordingError(f'damaged line ({type(error).__name__}: {error})') from error


def latest(entries: Iterable[SequenceEntry], used: Iterable[int]) -> dict[int, SequenceEntry]:
    """
    Return the sequences by number, in order: the last line of each stands.

    :param used: numbers that frames name; one without a line (recordings of older versions have
        none) gets an entry that says nothing
    """
    found = {number: SequenceEntry(number, ended=True) for number in used}
    found.update({entry.number: entry for entry in entries})
    return dict(sorted(found.items()))
