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
"""The parameters of the superres node: names, defaults, ranges, and what each is for."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any

from cdst_ros.nodes.declared import DeclaredParameters, parameter
from cdst_ros.superres.engines import CLASSICAL_ENGINES, ENGINE_NAMES

#: Farther than any depth camera sees [m].
FAR_M = 1000.0


@dataclass(frozen=True)
class Parameters(DeclaredParameters):
    """One consistent set of values; a field for each ROS parameter."""

    model: str = parameter(
        'lite_x4',
        'Name of a shipped model (cdst-ros info lists them), or path of a .onnx file; auto takes '
        'the strongest that ships and holds expected_rate here, found by timing.',
    )
    guided_model: str = parameter(
        '',
        'Model that sees colour as well, for the frames that have it: name of a shipped one or '
        'path of a .onnx file with the input rgb, of the scale and alignment of model; frames '
        'without usable colour go through model.',
    )
    engine: str = parameter(
        'auto',
        'What computes: auto takes tensorrt where there is a GPU, else openvino, else '
        'onnxruntime; the classical methods need no model.',
        choices=('auto', *ENGINE_NAMES),
    )
    precision: str = parameter('f32', 'Arithmetic of the model: f32, or what the engine offers.')
    threads: int = parameter(
        0, 'Threads of the engine; 0 leaves the number to the engine.', between=(0, 256)
    )
    scale: int = parameter(
        0,
        'Enlarge by this: free for classical engines, checked against a model; 0 is as the '
        'model does.',
        between=(0, 16),
    )
    expected_size: str = parameter(
        '',
        'Width and height of the input, such as 320x240, where they are known before: the engine '
        'is ready for the first frame then, and model auto need not wait for it.',
    )
    expected_rate: float = parameter(
        30.0, 'Rate of the input that model auto has to hold [Hz].', between=(0.1, 1000.0)
    )
    input_transport: str = parameter(
        'raw',
        'Topic to read: raw reads depth/image_raw, compressedDepth reads '
        'depth/image_raw/compressedDepth.',
        choices=('raw', 'compressedDepth'),
    )
    output_encoding: str = parameter(
        '16UC1',
        'Encoding of depth_hr/image_raw: 16UC1 is millimetres (0 unknown), 32FC1 metres (NaN '
        'unknown).',
        choices=('16UC1', '32FC1'),
    )
    depth_scale: float = parameter(
        0.001,
        'Metres per unit of a 16-bit input, for cameras whose unit is not the millimetre.',
        between=(1e-6, 1.0),
    )
    min_depth: float = parameter(0.0, 'Nearer input counts as unknown [m].', between=(0.0, FAR_M))
    max_depth: float = parameter(
        FAR_M, 'Farther input counts as unknown [m].', between=(0.001, FAR_M)
    )
    bounded: bool = parameter(
        True,
        'Keep every output within the depths measured around it, and every measured surface.',
    )
    bound_sigmas: float = parameter(
        1.0, 'Room left to the bound, in sigmas of the sensor noise.', between=(0.0, 10.0)
    )
    max_sigma: float = parameter(
        0.0,
        'Make pixels unknown whose expected error is above this [m]; 0 keeps all.',
        between=(0.0, 100.0),
    )
    fill_holes: int = parameter(
        0, 'Fill holes up to this wide [input px], never across an edge.', between=(0, 64)
    )
    lazy: bool = parameter(True, 'Subscribe only while somebody listens to an output.')
    allow_geometry_change: bool = parameter(
        False,
        'Accept a change of model, engine or scale that changes the size or the alignment of '
        'the output.',
    )
    pairing_tolerance: float = parameter(
        0.001,
        'Largest difference of stamps of an image and its camera_info [s].',
        between=(0.0, 0.5),
    )
    color_tolerance: float = parameter(
        0.02,
        'Largest difference of stamps of a depth image and its colour, and the longest that a '
        'frame waits for colour that may still come [s].',
        between=(0.0, 0.5),
    )
    cloud_stride: int = parameter(
        2, 'depth_hr/points has every so-manieth row and column.', between=(1, 64)
    )
    cloud_rate: float = parameter(
        5.0, 'Highest rate of depth_hr/points [Hz].', between=(0.1, 1000.0)
    )
    warn_after_s: float = parameter(
        5.0, 'Warn when nothing has arrived for this long [s].', between=(0.1, 3600.0)
    )
    max_pixels: int = parameter(
        2**25, 'Refuse images whose output would have more pixels than this.', between=(1, 2**31)
    )
    autostart: bool = parameter(
        True,
        'Configure and activate at start; false leaves that to a lifecycle manager.',
        read_only=True,
    )

    def size(self) -> tuple[int, int] | None:
        """
        Return the height and width that are expected [px], None where none are.

        :raises ValueError: when ``expected_size`` is no size
        """
        if not self.expected_size:
            return None
        match = re.fullmatch(r'([1-9]\d{0,4})x([1-9]\d{0,4})', self.expected_size)
        if match is None:
            raise ValueError(
                f'expected_size ({self.expected_size}) is no size: give width and height, such as '
                '320x240'
            )
        return int(match[2]), int(match[1])

    def check(self) -> None:
        """
        Check what ranges cannot say.

        :raises ValueError: names the parameter, its value, and what it may be
        """
        super().check()
        self.size()
        if self.min_depth >= self.max_depth:
            raise ValueError(
                f'min_depth ({self.min_depth:g} m) is not below max_depth ({self.max_depth:g} m): '
                'no depth could ever be valid'
            )

    def check_effect(self, changed: set[str]) -> None:
        """
        Check that the parameters named in ``changed`` have an effect, given the others.

        :raises ValueError: which one has none, and what to do
        """
        classical = self.engine in CLASSICAL_ENGINES
        if classical and self.scale and 'model' in changed:
            raise ValueError(
                f'model has no effect: {self.engine} with scale {self.scale} uses none; set '
                'engine to auto in the same call, or scale to 0'
            )
        for name in sorted(changed & {'precision', 'threads', 'max_sigma'}):
            if classical and getattr(self, name) != type(self)._default(name):
                raise ValueError(
                    f'{name} has no effect on {self.engine}: it is for models; set engine to auto '
                    'in the same call'
                )
        if not self.bounded and 'bound_sigmas' in changed:
            raise ValueError('bound_sigmas has no effect while bounded is false: set that first')

    @classmethod
    def _default(cls, name: str) -> Any:
        return next(f.default for f in fields(cls) if f.name == name)
