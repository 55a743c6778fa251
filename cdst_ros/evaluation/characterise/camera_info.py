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
"""What is wrong, or odd, with the camera_info of a depth stream."""

from __future__ import annotations

import math

from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.characterise.figure import Figure, Section, untold
from cdst_ros.evaluation.characterise.stamps import Stamps, nearest_offsets

#: The principal point of a sane camera lies within this share of the image from its middle.
_OFF_CENTRE = 0.1
#: Square pixels have focal lengths that differ by less than this share.
_SQUARE = 0.02
#: camera_info belongs to an image when their stamps differ by no more [ns].
_TOLERANCE_NS = 1_000_000


def camera_info(
    camera: CameraModel | None,
    size: tuple[int, int],
    info: Stamps | None = None,
    depth: Stamps | None = None,
) -> Section:
    """
    Return what a camera and its messages tell.

    :param camera: of the depth images as the recording tells it, whether or not it fits them
    :param size: width and height of the depth images
    :param info: of the camera_info topic, of a bag
    :param depth: of the depth topic, of a bag
    """
    title = 'Camera'
    width, height = size
    figures = [
        Figure('width', 'width', width, 'px', 1),
        Figure('height', 'height', height, 'px', 1),
    ]
    faults: list[str] = []
    if camera is None:
        why = 'no camera_info comes with the depth images'
        figures.append(untold('field_of_view', 'field of view across', why, 'deg'))
        faults.append(f'{why}: no point clouds, slants or field of view')
    else:
        faults += _model_faults(camera, size)
        figures += _optics(camera, size)
    if info is not None and depth is not None:
        faults += _message_faults(info, depth)
    figures.append(Figure('faults', 'faults of camera_info', float(len(faults)), '', 1, 'cameras'))
    return Section('camera', title, tuple(figures), notes=tuple(faults))


def _optics(camera: CameraModel, size: tuple[int, int]) -> list[Figure]:
    if not (camera.calibrated or camera.p[0]):
        return [untold('field_of_view', 'field of view across', 'uncalibrated', 'deg')]
    fx, _, cx, cy = camera.intrinsics()
    reduced = camera.reduced()
    across = 2 * math.degrees(math.atan(reduced.width / 2 / fx))
    return [
        Figure('field_of_view', 'field of view across', across, 'deg', 1, 'cameras'),
        Figure('focal', 'focal length', fx, 'px', 1, 'cameras'),
        Figure('principal_right', 'principal point right of the middle',
               cx - (reduced.width - 1) / 2, 'px', 1, 'cameras'),
        Figure('principal_down', 'principal point below the middle',
               cy - (reduced.height - 1) / 2, 'px', 1, 'cameras'),
    ]  # fmt: skip


def _model_faults(camera: CameraModel, size: tuple[int, int]) -> list[str]:
    faults = []
    reduced = camera.reduced()
    if (reduced.width, reduced.height) != size:
        faults.append(
            f'camera_info is of {reduced.width}x{reduced.height} pixels, the images are '
            f'{size[0]}x{size[1]}: another camera, or an image that was resized without its info'
        )
    if not (camera.calibrated or camera.p[0]):
        return [*faults, 'uncalibrated: K is all 0']
    fx, fy, cx, cy = camera.intrinsics()
    if abs(fx / fy - 1) > _SQUARE:
        faults.append(f'pixels are not square: fx {fx:.1f}, fy {fy:.1f} px')
    for place, length, way in ((cx, reduced.width, 'across'), (cy, reduced.height, 'down')):
        off = (place - (length - 1) / 2) / length
        if abs(off) > _OFF_CENTRE:
            faults.append(f'the principal point lies {off:+.0%} of the image off its middle {way}')
    if any(abs(value) > 1e-9 for value in camera.d):
        faults.append(
            'distortion is not 0: if the depth image is not rectified, clouds made with K alone '
            'are bent'
        )
    elif camera.p[0] and camera.k[0] and abs(camera.p[0] / camera.k[0] - 1) > _SQUARE:
        faults.append(f'P has fx {camera.p[0]:.1f} where K has {camera.k[0]:.1f}, undistorted')
    return faults


def _message_faults(info: Stamps, depth: Stamps) -> list[str]:
    faults = []
    if info.camera_changes:
        faults.append(f'camera_info changes {info.camera_changes} times within the recording')
    strangers = sorted(set(info.frame_ids) - set(depth.frame_ids))
    if strangers and depth.frame_ids:
        faults.append(
            f'frame_id of camera_info ({", ".join(strangers)}) is not that of the images '
            f'({", ".join(depth.frame_ids)})'
        )
    if len(depth.frame_ids) > 1:
        faults.append(f'several frame_ids on {depth.topic}: {", ".join(depth.frame_ids)}')
    if '' in depth.frame_ids:
        faults.append('the frame_id of the depth images is empty')
    offsets = nearest_offsets(depth.stamps, info.stamps)
    late = int((abs(offsets) > _TOLERANCE_NS).sum())
    if late:
        faults.append(f'{late} of {len(offsets)} images have no camera_info of their stamp')
    return faults
