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
"""The profile of the sensor that a job learns from, measured on its own recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cdst_ros.evaluation.characterise import measured_profile
from cdst_ros.evaluation.report import EvaluationError
from cdst_ros.learning.job import Job
from cdst_ros.learning.stages import PROFILE, learned
from cdst_ros.recordings.errors import RecordingError
from cdst_ros.superres.contract import read_metadata
from cdst_ros.synthetic import GENERIC, SensorProfile, load_profile, profile_names


def sensor_of(job: Job) -> SensorProfile:
    """
    Return the profile of the job's sensor; measured, and written, where it is not there yet.

    It is measured on the frames that are learned from. What they do not tell is taken from the
    profile that was named, else from the one that the base model is for.

    :raises ValueError: when the recording cannot be read
    :raises OSError: when the disk refuses
    """
    file = job / PROFILE
    if not file.exists():
        order = job.order()
        base = load_profile(order.sensor) if order.sensor else prior_of(Path(order.base))
        measured_profile(learned(job), file, base=base)
    return load_profile(file)


def prior_of(model: Path) -> SensorProfile:
    """Return the shipped profile that a model was trained for, the generic one of others."""
    name = read_metadata(model).profile
    return load_profile(name) if name in profile_names() else GENERIC


def told_of(job: Job) -> str:
    """Measure the sensor; return what came of it, for the log."""
    try:
        sensor = sensor_of(job)
    except (EvaluationError, RecordingError) as error:
        return f'the sensor cannot be measured: {error}'
    near, far = 1000 * sensor.noise.sigma(np.array([1, 3], np.float32))
    return f'{job / PROFILE}: sigma {near:.1f} mm at 1 m, {far:.1f} mm at 3 m'
