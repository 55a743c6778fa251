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

import json
from collections.abc import Sequence
from pathlib import Path

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.learning.job import PROGRESS, Job
from cdst_ros.recordings.layout import FrameEntry
from cdst_ros.recordings.reader import read_entries
from cdst_ros.superres.contract import read_metadata
from cdst_ros.synthetic import load_profile

#: Width of the samples that a network learns from, at most and at least [px].
_CROP, _LEAST_CROP = 32, 8
#: Files of a job: the profile of ``sensor.py``, and what ``color.py`` found.
PROFILE, COLOR = 'profile.yaml', 'color.json'
#: The configuration in which colour teaches, and what trains in its place where colour cannot.
WITH_COLOR, DEPTH_ALONE = 'adapt_color', 'adapt'
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
        config_of(job),
        f'name={order.name}',
        f'start={order.base}',
        f'max_steps={order.steps}',
        f'threads={order.threads}',
        f'runs={job / RUNS}',
        f'data.root={learned(job).parent}',
        f'data.crop={_crop(job)}',
        *([f'profile={job / PROFILE}'] if (job / PROFILE).exists() else []),
        *order.overrides,
        '--keep-going',
        '--progress',
        str(job / PROGRESS),
    ]


def config_of(job: Job) -> str:
    """Return the training configuration of a job: that with colour only where colour can teach."""
    config = job.order().config
    if config != WITH_COLOR or not (job / COLOR).exists():
        return config
    found = json.loads((job / COLOR).read_text(encoding='utf-8'))
    return WITH_COLOR if found['usable'] else DEPTH_ALONE


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
    scale, entries = read_metadata(job.order().base).scale, read_entries(learned(job)).entries
    fits = largest_crop(entries, scale)
    if _picks(job) and not all('reference' in entry.images for entry in entries):
        # Every second pixel of what was measured is the truth of one that a sensor picks.
        fits //= 2
    return max(_LEAST_CROP, min(_CROP, fits - fits % 2))


def _picks(job: Job) -> bool:
    file = job / PROFILE
    return file.exists() and load_profile(file).alignment is GridAlignment.PICKED


def learned(job: Job) -> Path:
    """Return the part of the recording that is learned from; it is called as the recording is."""
    return job / LEARNED / Path(job.order().recording).name


def judged(job: Job) -> Path:
    """Return the part of the recording that is judged on."""
    return job / JUDGED / Path(job.order().recording).name


def _cdst_ros(python: str) -> list[str]:
    return [python, '-m', 'cdst_ros.cli']
