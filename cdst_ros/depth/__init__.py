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
"""What a depth image is: encodings, units, validity, camera models, stamps."""

from cdst_ros.depth.arrays import F32, F64, U8, U16, AnyArray, Bool
from cdst_ros.depth.camera import CameraModel, Region
from cdst_ros.depth.compressed import (
    declared_size,
    decode_compressed,
    encode_compressed,
    fill_compressed,
)
from cdst_ros.depth.encodings import (
    MILLIMETRES,
    DepthDecodeError,
    decode,
    encode,
    fill_image,
    metres,
    units,
    view_pixels,
)
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.messages import (
    CameraInfoLike,
    CompressedImageLike,
    Header,
    ImageLike,
    copy_header,
    stamp_ns,
)
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.depth.pairing import PairingCounts, StampPairer
from cdst_ros.depth.repetition import RepetitionDetector, detect_repetition
from cdst_ros.depth.validity import valid_mask

__all__ = [
    'AnyArray',
    'Bool',
    'CameraInfoLike',
    'CameraModel',
    'CompressedImageLike',
    'DepthDecodeError',
    'F32',
    'F64',
    'GridAlignment',
    'Header',
    'ImageLike',
    'MILLIMETRES',
    'NoiseModel',
    'PairingCounts',
    'Region',
    'RepetitionDetector',
    'StampPairer',
    'U16',
    'U8',
    'copy_header',
    'declared_size',
    'decode',
    'decode_compressed',
    'detect_repetition',
    'encode',
    'encode_compressed',
    'fill_compressed',
    'fill_image',
    'metres',
    'stamp_ns',
    'units',
    'valid_mask',
    'view_pixels',
]
