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
"""The parameters of the camera node: names, defaults, ranges, and what each is for."""

from __future__ import annotations

from dataclasses import dataclass

from cdst_ros.nodes.declared import DeclaredParameters, parameter


@dataclass(frozen=True)
class CameraParameters(DeclaredParameters):
    """One consistent set of values; a field for each ROS parameter. All are fixed at start."""

    source: str = parameter(
        'synthetic',
        'What to play: synthetic, or the path of a recording or a bag.',
        read_only=True,
    )
    seed: int = parameter(
        10, 'Synthetic: number of the scene.', between=(0, 2**31 - 1), read_only=True
    )
    profile: str = parameter(
        'generic',
        'Synthetic: the sensor to imitate: a name of config/sensors, generic, ideal, or a file.',
        read_only=True,
    )
    width: int = parameter(
        160, 'Synthetic: width of the depth image [px].', between=(8, 4096), read_only=True
    )
    height: int = parameter(
        120, 'Synthetic: height of the depth image [px].', between=(8, 4096), read_only=True
    )
    scale: int = parameter(
        4,
        'Synthetic, and with pairs: the truth is so many times larger.',
        between=(1, 16),
        read_only=True,
    )
    loop_frames: int = parameter(
        0,
        'Synthetic: frames rendered before playing, there and back; 0 takes what memory allows, '
        'up to 45.',
        between=(0, 10000),
        read_only=True,
    )
    depth_topic: str = parameter(
        '', 'Bags: the depth topic to play; empty takes the only one.', read_only=True
    )
    pairs: bool = parameter(
        False,
        'Recordings and bags: play input and truth exactly as cdst-ros evaluate pairs them: the '
        'reference where there is one, else what degrade makes of the recorded depth.',
        read_only=True,
    )
    reference_topic: str = parameter(
        '',
        'With pairs, of a bag: the depth topic of higher resolution; empty for none.',
        read_only=True,
    )
    reduce: int = parameter(
        1,
        'With pairs: make the recorded depth so many times smaller before it is degraded.',
        between=(1, 16),
        read_only=True,
    )
    degrade: str = parameter(
        'none',
        'Recordings and bags: none plays depth as recorded, with its reference as truth; '
        'valid_median_x2, valid_median_x4 and hololens_x2 make both from the recorded depth. '
        'With pairs: valid_median, area, pick, cubic or a sensor profile; none takes the recorded '
        'reference.',
        read_only=True,
    )
    rate: float = parameter(
        30.0,
        'Frames a second; 0 takes the rate of the recording.',
        between=(0.0, 1000.0),
        read_only=True,
    )
    loop: bool = parameter(True, 'Start again after the last frame.', read_only=True)
    frames: int = parameter(
        0, 'End after so many frames; 0 plays on.', between=(0, 2**31 - 1), read_only=True
    )
    ahead: int = parameter(
        200, 'Frames kept ready in memory.', between=(1, 100000), read_only=True
    )
    stamps: str = parameter(
        'now',
        'What the images are stamped with: the time at which they are published, or what was '
        'recorded.',
        choices=('now', 'recorded'),
        read_only=True,
    )
    clock: bool = parameter(
        False,
        'Publish each recorded stamp on /clock before its images, for nodes with use_sim_time.',
        read_only=True,
    )
    wait_for: str = parameter(
        '',
        'Topic (std_msgs/Header) that tells which frame has been dealt with: the next one waits '
        'for that, so that none is lost; the first one for any. Empty plays on.',
        read_only=True,
    )
    wait_timeout: float = parameter(
        30.0,
        'A frame that nobody has dealt with after so long is given up [s].',
        between=(0.1, 1000.0),
        read_only=True,
    )
    encoding: str = parameter(
        '16UC1',
        'Encoding of depth and truth: 16UC1 rounds to millimetres, 32FC1 does not.',
        choices=('16UC1', '32FC1'),
        read_only=True,
    )
    wait_for_subscribers: int = parameter(
        0,
        'Begin when the depth image has so many subscribers, and the truth one; 0 begins at once.',
        between=(0, 100),
        read_only=True,
    )
    reliability: str = parameter(
        'reliable',
        'What the publishers offer.',
        choices=('reliable', 'best_effort'),
        read_only=True,
    )
    publish_colour: bool = parameter(
        True, 'Publish rgb/image_raw where there is colour.', read_only=True
    )
    publish_truth: bool = parameter(
        True, 'Publish truth/image_raw where there is a truth.', read_only=True
    )
    truth_every: int = parameter(
        1,
        'Publish the truth of one frame in so many, for it is large.',
        between=(1, 10000),
        read_only=True,
    )
    events: bool = parameter(
        False, 'Tell what happens in JSON lines on standard output.', read_only=True
    )

    def check(self) -> None:
        """
        Check what ranges cannot say.

        :raises ValueError: names the parameter, its value, and what it may be
        """
        super().check()
        if self.clock and self.stamps != 'recorded':
            raise ValueError('clock is true: /clock tells recorded stamps; set stamps to recorded')
        if self.reference_topic and not self.pairs:
            raise ValueError('reference_topic is read with pairs only: set pairs to true')
