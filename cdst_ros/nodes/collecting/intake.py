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
"""Messages become samples, on the worker's thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdst_ros.depth.arrays import F64
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.encodings import decode
from cdst_ros.depth.messages import stamp_ns
from cdst_ros.nodes.collecting.pairs import (
    COLOR,
    COLOR_INFO,
    DEPTH,
    DEPTH_INFO,
    REFERENCE,
    REFERENCE_INFO,
    Pair,
)
from cdst_ros.recordings.collecting.sample import ColorShot, DepthShot, Sample
from cdst_ros.recordings.color import decode_color


def sample_of(pair: Pair, extrinsics: Mapping[str, F64], depth_scale: float) -> Sample:
    """
    Return what the messages say.

    :param extrinsics: by kind, to the depth camera
    :param depth_scale: metres per unit of 16-bit depth
    :raises ValueError: when an image cannot be read
    """
    messages = pair.messages
    depth = messages[DEPTH]
    return Sample(
        stamp_ns=stamp_ns(depth.header),
        age_s=(pair.now_ns - stamp_ns(depth.header)) / 1e9,
        depth=_depth_shot(depth, messages.get(DEPTH_INFO), depth_scale),
        color=_color_shot(messages.get(COLOR), messages.get(COLOR_INFO)),
        reference=(
            _depth_shot(messages[REFERENCE], messages.get(REFERENCE_INFO), depth_scale)
            if REFERENCE in messages
            else None
        ),
        extrinsics=extrinsics,
    )


def _depth_shot(image: Any, info: Any, depth_scale: float) -> DepthShot:
    return DepthShot(decode(image, depth_scale), image.header.frame_id, _camera(info))


def _color_shot(image: Any, info: Any) -> ColorShot | None:
    if image is None:
        return None
    return ColorShot(decode_color(image), image.header.frame_id, _camera(info))


def _camera(info: Any) -> CameraModel | None:
    """Return the camera of the image as it was delivered; None where nothing is known of it."""
    if info is None:
        return None
    camera = CameraModel.from_message(info).reduced()
    return camera if camera.calibrated else None
