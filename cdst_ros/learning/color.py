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

"""Whether the colour of a recording can teach, and what a job trains by that."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from cdst_ros.depth.misregistration import MisregisteredError, require_registered
from cdst_ros.depth.registration import RegistrationError
from cdst_ros.evaluation.seen_color import ColorMeter, seen_color
from cdst_ros.evaluation.sources import open_source
from cdst_ros.learning.job import Job
from cdst_ros.learning.stages import COLOR, learned
from cdst_ros.recordings.atomic import write_file
from cdst_ros.superres.contract import read_metadata


@dataclass(frozen=True)
class ColorFound:
    """
    What was found of the colour of a recording.

    :param usable: whether it lies on depth, so that it can teach
    :param why: how far beside depth it lies, or why it cannot teach; for a person
    """

    usable: bool
    why: str


def color_of(recording: Path, scale: int) -> ColorFound:
    """
    Look whether the colour of a recording can teach.

    Frames that have a reference need no colour: the truth teaches.

    :param scale: of the model that is to learn
    :raises RecordingError: when the recording cannot be read
    """
    reason, seen = 'there is no colour', 0
    with open_source(recording, color=True, require_color=False) as source:
        meter = ColorMeter(scale, len(source))
        for number, frame in enumerate(source):
            if not meter.wants(number):
                continue
            if frame.recorded is not None and frame.recorded.has('reference'):
                return ColorFound(False, 'there is a reference, which teaches more')
            try:
                seen_color(frame, scale)
                meter.add(number, frame)
                seen += 1
            except RegistrationError as error:
                reason = str(error)
    if not seen:
        return ColorFound(False, reason)
    found = meter.measured()
    try:
        require_registered(found)
    except MisregisteredError as error:
        return ColorFound(False, str(error))
    return ColorFound(True, f'colour lies {found.size:.1f} px of the output beside depth')


def look_at(job: Job) -> ColorFound:
    """
    Look whether the colour that a job learns from can teach, and write that down.

    :raises ValueError: when the recording cannot be read
    :raises OSError: when the disk refuses
    """
    found = color_of(learned(job), read_metadata(job.order().base).scale)
    write_file(job / COLOR, (json.dumps(asdict(found), indent=2) + '\n').encode())
    return found


def told_of_color(job: Job) -> str:
    """Return what colour does in a job, for the log and for people; look where nobody has."""
    file = job / COLOR
    found = ColorFound(**json.loads(file.read_text())) if file.exists() else look_at(job)
    which = 'colour teaches where edges run' if found.usable else 'it learns without colour'
    return f'{which}: {found.why}'
