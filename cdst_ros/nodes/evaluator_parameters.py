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
"""The parameters of the evaluator node: names, defaults, ranges, and what each is for."""

from __future__ import annotations

from dataclasses import dataclass

from cdst_ros.depth.encodings import MILLIMETRES
from cdst_ros.nodes.declared import DeclaredParameters, parameter


@dataclass(frozen=True)
class EvaluatorParameters(DeclaredParameters):
    """One consistent set of values; a field for each ROS parameter. All are fixed at start."""

    reliability: str = parameter(
        'reliable',
        'What to ask of the publisher of depth_hr/image_raw.',
        choices=('reliable', 'best_effort'),
        read_only=True,
    )
    frames: int = parameter(
        0,
        'End after so many output frames; 0 listens until the input ends.',
        between=(0, 2**31 - 1),
        read_only=True,
    )
    duration: float = parameter(
        0.0,
        'End so long after the first output frame [s]; 0 listens until the input ends.',
        between=(0.0, 1e6),
        read_only=True,
    )
    score_frames: int = parameter(
        24,
        'Frames kept to score at the end, spread over the run; 0 only counts, -1 keeps every '
        'one, on disk.',
        between=(-1, 10000),
        read_only=True,
    )
    reference_topic: str = parameter(
        'truth/image_raw',
        'What the output is compared with: any depth image of its size; its camera_info is taken '
        'from beside it.',
        read_only=True,
    )
    reference_tolerance: float = parameter(
        0.0,
        'How far the stamps of output and reference may lie apart [s].',
        between=(0.0, 0.5),
        read_only=True,
    )
    sigma_topic: str = parameter(
        '',
        'Expected error of the output, such as superres/sigma, to be judged, too; empty for none. '
        'Frames without it are not scored.',
        read_only=True,
    )
    depth_scale: float = parameter(
        MILLIMETRES,
        'Metres per unit of a 16-bit input, as the superres node has it.',
        between=(1e-6, 1.0),
        read_only=True,
    )
    running: bool = parameter(
        True, 'Keep running figures of every compared frame, for /diagnostics.', read_only=True
    )
    error_span: float = parameter(
        0.05,
        'The error that ~/error_picture paints in its strongest colours [m].',
        between=(1e-4, 100.0),
        read_only=True,
    )
    model: str = parameter(
        'lite_x4', 'The model that runs, for the slack of its bound.', read_only=True
    )
    bound_sigmas: float = parameter(
        1.0, 'As the superres node has it.', between=(0.0, 10.0), read_only=True
    )
    bounded: bool = parameter(True, 'As the superres node has it.', read_only=True)
    command: str = parameter('', 'What started this run, for the report.', read_only=True)
    label: str = parameter('', 'What is played, for the picture.', read_only=True)
    report: str = parameter(
        '', 'File for the figures of the live run in JSON; empty for none.', read_only=True
    )
    json: str = parameter(
        '',
        'File for the report in JSON as cdst-ros evaluate writes it; empty for none.',
        read_only=True,
    )
    html: str = parameter(
        '', 'File for the same report as a page to look at; empty for none.', read_only=True
    )
    picture: str = parameter('', 'File for the picture (.png); empty for none.', read_only=True)
    events: bool = parameter(
        False, 'Tell what happens in JSON lines on standard output.', read_only=True
    )
