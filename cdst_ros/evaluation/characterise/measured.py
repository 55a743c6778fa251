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
"""The profile of a sensor, from one of its recordings."""

from __future__ import annotations

from pathlib import Path

from cdst_ros.evaluation.characterise.profile import write_profile
from cdst_ros.evaluation.characterise.survey import CLOSELY, Wanted, characterise
from cdst_ros.synthetic import GENERIC, SensorProfile, load_profile


def measured_profile(
    recording: Path,
    file: Path | None = None,
    *,
    base: SensorProfile | str = GENERIC,
    closely: int = CLOSELY,
) -> SensorProfile:
    """
    Return the profile of the sensor that made a recording.

    :param recording: whatever ``characterise`` takes
    :param file: YAML file to write, every value under a comment that says whether it was measured
        and from what, or is a prior; the profile is named after it
    :param base: profile, or its name, whose values are the priors of what the recording does not
        tell
    :param closely: frames that edges and holes are looked at in
    :raises ValueError: when there is no such base, or the recording cannot be read
    :raises OSError: when the file cannot be written
    """
    known = load_profile(base) if isinstance(base, str) else base
    found = characterise(Wanted(recording, closely=closely, base=known))
    if file is None:
        return found.profile
    return write_profile(file, found.traits, found.source, found.created)
