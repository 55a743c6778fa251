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
The two parts of a recording: what is learned from, and what is judged on.

A part is a recording too, with lines of its own and links to the images, so that nothing is
copied, and frames that are collected meanwhile change nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cdst_ros.learning.job import JobError
from cdst_ros.recordings.atomic import write_file
from cdst_ros.recordings.layout import FRAMES_FILE, HEADER_FILE, KINDS, SEQUENCES_FILE, FrameEntry
from cdst_ros.recordings.reader import read_entries

#: Fewer frames than these teach nothing, and prove nothing.
FEWEST_LEARNED, FEWEST_JUDGED = 16, 10


class Parts(NamedTuple):
    """The frames of either part, in the order they were taken in."""

    learned: list[FrameEntry]
    judged: list[FrameEntry]


def divide(entries: Sequence[FrameEntry], held_out: float, gap_s: float) -> Parts:
    """
    Hold the last frames out, and leave those out that were taken just before them.

    A view seconds away in time is nearly the same view: a network that has learned it by heart
    would look better than it is.

    :param held_out: share of the frames
    :param gap_s: of recorded time within one sequence [s]
    :raises JobError: when a part is too small; says how many frames it takes
    """
    judged = list(entries[len(entries) - round(held_out * len(entries)) :])
    learned = list(entries[: len(entries) - len(judged)])
    if judged:
        first, gap_ns = judged[0], round(1e9 * gap_s)
        learned = [
            entry
            for entry in learned
            if entry.sequence != first.sequence or entry.stamp_ns <= first.stamp_ns - gap_ns
        ]
    if len(learned) < FEWEST_LEARNED or len(judged) < FEWEST_JUDGED:
        wanted = max(FEWEST_JUDGED / held_out, FEWEST_LEARNED / (1 - held_out))
        raise JobError(
            f'{len(entries)} frames are too few: {len(learned)} to learn from and {len(judged)} '
            f'to judge on, {gap_s:g} s apart, where {FEWEST_LEARNED} and {FEWEST_JUDGED} are '
            f'needed; collect about {round(1.3 * wanted)} at least, and some hundreds for a gain'
        )
    return Parts(learned, judged)


def write_part(recording: Path, entries: Sequence[FrameEntry], part: Path) -> None:
    """
    Write a part of a recording; one that is there is written anew.

    :raises OSError: when the disk refuses
    """
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for kind in KINDS:
        (part / kind).symlink_to((recording / kind).resolve(), target_is_directory=True)
    for name in (HEADER_FILE, SEQUENCES_FILE):
        if (recording / name).exists():
            shutil.copyfile(recording / name, part / name)
    write_file(part / FRAMES_FILE, b''.join(entry.to_line() for entry in entries))


def split(recording: Path, learned: Path, judged: Path, held_out: float, gap_s: float) -> Parts:
    """
    Write both parts of a recording.

    :raises JobError: when it has too few frames
    :raises RecordingError: when it cannot be read
    :raises OSError: when the disk refuses
    """
    parts = divide(read_entries(recording).entries, held_out, gap_s)
    write_part(recording, parts.learned, learned)
    write_part(recording, parts.judged, judged)
    return parts
