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
"""The commands that a job is made of, each a process of its own that can be run again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cdst_ros.learning.job import PROGRESS, Job
from cdst_ros.recordings.layout import FrameEntry
from cdst_ros.recordings.reader import read_entries
from cdst_ros.superres.contract import read_metadata

#: Width of the samples that a network learns from, at most and at least [px].
_CROP, _LEAST_CROP = 32, 8
#: Folders of a job: the parts of the recording, and the training's own.
LEARNED, JUDGED, RUNS = 'learned', 'held_out', 'runs'


def command(job: Job, stage: str) -> list[str]:
    """Return the command line of a stage."""
    order = job.order()
    if stage == 'train':
        return [*_cdst_ros(order.python), *train_arguments(job)]
    if stage == 'export':
        last = job / RUNS / order.name / 'last.ckpt'
        return [*_cdst_ros(order.python), 'export', str(last), '--out', str(job.model())]
    return [order.python, '-m', f'cdst_ros.learning.{stage}', str(job.folder)]


def train_arguments(job: Job) -> list[str]:
    """Return what ``cdst-ros`` is called with to train."""
    order = job.order()
    return [
        'train',
        order.config,
        f'name={order.name}',
        f'start={order.base}',
        f'max_steps={order.steps}',
        f'threads={order.threads}',
        f'runs={job / RUNS}',
        f'data.root={learned(job).parent}',
        f'data.crop={_crop(job)}',
        *order.overrides,
        '--keep-going',
        '--progress',
        str(job / PROGRESS),
    ]


def has_checkpoint(job: Job) -> bool:
    """Return whether a training of the job has left one to go on from."""
    return any((job / RUNS / job.order().name).glob('*.ckpt'))


def largest_crop(entries: Sequence[FrameEntry], scale: int) -> int:
    """
    Return the width of the largest square that fits the inputs of training [px].

    Where a frame has no reference, its depth is one, and the input is made of it.
    """
    sides = []
    for entry in entries:
        image = entry.images.get('reference', entry.images['depth'])
        sides.append(min(image.width, image.height) // scale)
    return min(sides, default=0)


def _crop(job: Job) -> int:
    scale = read_metadata(job.order().base).scale
    fits = largest_crop(read_entries(learned(job)).entries, scale)
    return max(_LEAST_CROP, min(_CROP, fits - fits % 2))


def learned(job: Job) -> Path:
    """Return the part of the recording that is learned from; it is called as the recording is."""
    return job / LEARNED / Path(job.order().recording).name


def judged(job: Job) -> Path:
    """Return the part of the recording that is judged on."""
    return job / JUDGED / Path(job.order().recording).name


def _cdst_ros(python: str) -> list[str]:
    return [python, '-m', 'cdst_ros.cli']
