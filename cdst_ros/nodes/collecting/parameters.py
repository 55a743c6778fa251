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
"""The parameters of the collecting half: names, defaults, ranges, and what each is for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cdst_ros.nodes.declared import DeclaredParameters, parameter
from cdst_ros.nodes.parameters import FAR_M
from cdst_ros.recordings.collecting.budget import Budget
from cdst_ros.recordings.collecting.limits import Limits

_WANTED = ('required', 'optional', 'none')

#: What a session is begun with: it cannot change while one goes on.
OF_A_SESSION = frozenset({'recording', 'color', 'reference', 'pairing_tolerance', 'depth_scale'})


@dataclass(frozen=True)
class CollectorParameters(DeclaredParameters):
    """One consistent set of values; a field for each ROS parameter."""

    recording: str = parameter(
        '~/cdst_ros/recording',
        'Folder of the recording: made if it is missing, gone on with if it is there.',
    )
    collect: bool = parameter(
        False, 'Begin to collect at activation; false waits for ~/start_collecting.'
    )
    color: str = parameter(
        'required',
        'Colour of rgb/image_raw and rgb/camera_info: required drops frames without it, optional '
        'keeps them, none does not subscribe.',
        choices=_WANTED,
    )
    reference: str = parameter(
        'optional',
        'Depth of higher resolution of reference/image_raw and reference/camera_info, where the '
        'robot has another sensor: required, optional or none, as with color.',
        choices=_WANTED,
    )
    pairing_tolerance: float = parameter(
        0.015,
        'Largest difference of stamps of what belongs together [s]; under half the time between '
        'two frames, only one can match.',
        between=(0.0, 0.5),
    )
    depth_scale: float = parameter(
        0.001,
        'Metres per unit of a 16-bit depth image, for cameras whose unit is not the millimetre.',
        between=(1e-6, 1.0),
    )
    min_depth: float = parameter(
        0.0, 'Nearer depth counts as unknown to the gates [m].', between=(0.0, FAR_M)
    )
    max_depth: float = parameter(
        FAR_M, 'Farther depth counts as unknown to the gates [m].', between=(0.001, FAR_M)
    )
    max_age: float = parameter(
        1.0,
        'Largest difference of a stamp from the clock, before or after [s]; 0 takes any.',
        between=(0.0, 3600.0),
    )
    min_valid: float = parameter(
        0.3, 'Share of the depth pixels that has to be known.', between=(0.0, 1.0)
    )
    min_brightness: float = parameter(
        20.0, 'Least mean brightness of colour, of 255.', between=(0.0, 255.0)
    )
    max_blur: float = parameter(
        0.6,
        'Largest blur of colour: pictures as cameras deliver them have up to 0.57, most of those '
        'smeared over seven pixels of 640 more than 0.6 (benchmarks/blur.py); 1 takes any.',
        between=(0.0, 1.0),
    )
    min_change: float = parameter(
        0.25,
        'Share of the view that has to differ from the last frame kept; 0 keeps every frame.',
        between=(0.0, 1.0),
    )
    max_frames: int = parameter(
        20000, 'Frames that the recording may have; 0 for any number.', between=(0, 2**31 - 1)
    )
    max_gigabytes: float = parameter(
        20.0, 'What its images may take [GB]; 0 for any size.', between=(0.0, 1e6)
    )
    min_disk_gigabytes: float = parameter(
        5.0, 'What has to stay free on its disk [GB].', between=(0.0, 1e6)
    )
    hold_still_s: float = parameter(
        3.0, 'How long ~/hold_still measures [s].', between=(0.5, 60.0)
    )
    warn_after_s: float = parameter(
        5.0,
        'Warn when nothing, or nothing whole, has come for this long [s].',
        between=(0.1, 3600.0),
    )
    nice: int = parameter(
        10,
        'How far the thread that encodes and writes gives way to others: 0 not at all, 19 most.',
        between=(0, 19),
    )

    def check(self) -> None:
        """
        Check what ranges cannot say.

        :raises ValueError: names the parameter, its value, and what it may be
        """
        super().check()
        if self.min_depth >= self.max_depth:
            raise ValueError(
                f'min_depth ({self.min_depth:g} m) is not below max_depth ({self.max_depth:g} m): '
                'no depth could ever be valid'
            )
        if not self.recording:
            raise ValueError('recording is empty: give the folder to record to')

    @property
    def path(self) -> Path:
        """Folder of the recording."""
        return Path(self.recording).expanduser()

    def limits(self) -> Limits:
        """Return what the gates ask for."""
        return Limits(
            age_s=self.max_age,
            valid=self.min_valid,
            min_depth=self.min_depth,
            max_depth=self.max_depth,
            brightness=self.min_brightness,
            blur=self.max_blur,
            change=self.min_change,
        )

    def budget(self) -> Budget:
        """Return what the recording may take."""
        return Budget(self.max_frames, self.max_gigabytes, self.min_disk_gigabytes)
