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
"""
The camera of a depth image, and of that image made larger.

``K``, ``D``, ``R``, ``P``, binning and the region of interest are those of sensor_msgs/CameraInfo.
"""

from __future__ import annotations

import array
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cdst_ros.depth.arrays import F32, F64
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.messages import CameraInfoLike, Header, copy_header

Floats = tuple[float, ...]
_IDENTITY: Floats = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
_NO_PROJECTION: Floats = (0.0,) * 12
#: How the names of topics of rectified images begin.
_RECTIFIED = 'image_rect'
#: Coefficients of distortion up to this are those of a straight lens.
_STRAIGHT = 1e-9


class Region(NamedTuple):
    """sensor_msgs/RegionOfInterest, in pixels of the full, unbinned image; all 0 is the whole."""

    x_offset: int = 0
    y_offset: int = 0
    height: int = 0
    width: int = 0
    do_rectify: bool = False


WHOLE = Region()


@dataclass(frozen=True)
class CameraModel:
    """
    A pinhole camera, as a CameraInfo message tells it.

    Cameras with a region of interest or binning describe a larger image than they deliver;
    ``reduced`` gives the camera of the delivered image, and the methods that look at pixels
    (``matches``, ``scaled``, ``project``, ``back_project``, ``agrees``) go by it.

    :param width: [px] of the full image
    :param height: [px] of the full image
    :param distortion_model: such as ``plumb_bob``; empty where there is none
    :param d: distortion coefficients
    :param k: 3x3 row-major intrinsics of the raw image; all 0 where the camera is uncalibrated
    :param r: 3x3 row-major rectification
    :param p: 3x4 row-major projection of the rectified image; all 0 where unknown
    """

    width: int
    height: int
    distortion_model: str = ''
    d: Floats = ()
    k: Floats = (0.0,) * 9
    r: Floats = _IDENTITY
    p: Floats = _NO_PROJECTION
    binning_x: int = 0
    binning_y: int = 0
    roi: Region = WHOLE

    @classmethod
    def from_message(cls, info: CameraInfoLike) -> CameraModel:
        """Return the camera of a CameraInfo message, as it stands."""
        roi = info.roi
        return cls(
            width=int(info.width),
            height=int(info.height),
            distortion_model=info.distortion_model,
            d=_floats(info.d),
            k=_floats(info.k),
            r=_floats(info.r),
            p=_floats(info.p),
            binning_x=int(info.binning_x),
            binning_y=int(info.binning_y),
            roi=Region(
                int(roi.x_offset),
                int(roi.y_offset),
                int(roi.height),
                int(roi.width),
                bool(roi.do_rectify),
            ),
        )

    @classmethod
    def from_intrinsics(  # noqa: PLR0917 (the order every vision library has)
        cls, fx: float, fy: float, cx: float, cy: float, width: int, height: int
    ) -> CameraModel:
        """Return an ideal camera; focal lengths, principal point and size in pixels."""
        return cls(
            width=width,
            height=height,
            distortion_model='plumb_bob',
            d=(0.0,) * 5,
            k=(fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0),
            p=(fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0),
        )

    @property
    def calibrated(self) -> bool:
        """Whether K is known: "if the camera is uncalibrated, ... K[0] == 0.0" (CameraInfo)."""
        return self.k[0] != 0.0 and self.k[4] != 0.0

    @property
    def bends(self) -> bool:
        """Whether the lens distorts the image."""
        return any(abs(value) > _STRAIGHT for value in self.d)

    def rectified(self) -> CameraModel:
        """Return the camera of the rectified images: without distortion, K as P has it."""
        p = np.reshape(self.p, (3, 4))
        return replace(
            self,
            d=(0.0,) * len(self.d),
            k=_floats(p[:, :3].ravel()) if self.p[0] else self.k,
            r=_IDENTITY,
        )

    def on_topic(self, topic: str) -> CameraModel:
        """
        Return the camera of the images of a topic.

        A CameraInfo is of raw and of rectified images alike: the topic tells which they are. Those
        of ``image_rect``, ``image_rect_color`` or ``image_rect_raw/compressed`` are rectified, as
        image_proc and drivers name them; all others are raw.

        :param topic: of the images, transport included or not; empty where it is not known
        """
        # The last part, or the one before its transport: not a namespace of that name.
        named = [part for part in topic.split('/')[-2:] if part.startswith('image')]
        told = bool(named) and named[-1].startswith(_RECTIFIED)
        return self.rectified() if told else self

    def reduced(self) -> CameraModel:
        """
        Return the camera of the image actually delivered: without region of interest and binning.

        The region comes first, for it is "given in full resolution (unbinned) image coordinates"
        (CameraInfo). Binning divides the principal point, as image_geometry's PinholeCameraModel
        does, so that a cloud made of the input by depth_image_proc and one made of our output lie
        on each other.
        """
        bx, by = max(self.binning_x, 1), max(self.binning_y, 1)
        roi = self.roi
        width = roi.width or self.width - roi.x_offset
        height = roi.height or self.height - roi.y_offset
        crop = np.array([[1, 0, -roi.x_offset], [0, 1, -roi.y_offset], [0, 0, 1]], np.float64)
        moved = self._moved(np.diag([1 / bx, 1 / by, 1.0]) @ crop)
        return replace(
            moved,
            width=width // bx,
            height=height // by,
            binning_x=0,
            binning_y=0,
            roi=WHOLE,
        )

    def scaled(self, factor: float, alignment: GridAlignment) -> CameraModel:
        """
        Return the camera of the delivered image made ``factor`` times as large (or smaller).

        Focal lengths and P's Tx = -fx * baseline and Ty grow with the image; the principal point
        follows ``alignment``; D and R stay. An uncalibrated camera stays uncalibrated.

        :raises ValueError: when nothing would be left of the image
        """
        camera = self.reduced()
        width, height = round(camera.width * factor), round(camera.height * factor)
        if width < 1 or height < 1:
            raise ValueError(
                f'a camera of {camera.width}x{camera.height} pixels cannot be scaled by {factor}: '
                'no pixel would be left'
            )
        shift = alignment.enlarge(0.0, factor)
        moved = camera._moved(np.array([[factor, 0, shift], [0, factor, shift], [0, 0, 1]]))
        return replace(moved, width=width, height=height)

    def strided(self, step: int) -> CameraModel:
        """Return the camera of every ``step``-th row and column of the delivered image."""
        camera = self.reduced()
        moved = camera._moved(np.diag([1 / step, 1 / step, 1.0]))
        return replace(moved, width=-(-camera.width // step), height=-(-camera.height // step))

    def matches(self, width: int, height: int) -> bool:
        """Whether this camera delivers images of that size."""
        camera = self.reduced()
        return (camera.width, camera.height) == (width, height)

    def agrees(self, other: CameraModel, tolerance: float = 0.005) -> bool:
        """
        Whether both deliver images of the same size with the same intrinsics.

        Focal lengths may differ by ``tolerance``, the principal point by that share of the image.
        Frames are not compared: a model does not know its frame_id, and equal intrinsics do not
        make two cameras one.
        """
        if not (self.calibrated and other.calibrated):
            return False
        mine, theirs = self.reduced(), other.reduced()
        if not mine.matches(theirs.width, theirs.height):
            return False
        fx, fy, cx, cy = mine.intrinsics()
        limits = tolerance * np.array([fx, fy, mine.width, mine.height])
        apart = np.abs(np.array([fx, fy, cx, cy]) - np.array(theirs.intrinsics()))
        return bool(np.all(apart <= limits))

    def intrinsics(self) -> tuple[float, float, float, float]:
        """
        Return fx, fy, cx, cy [px] of the delivered image: of P where it is known, else of K.

        :raises ValueError: when the camera is uncalibrated
        """
        m = self.projection()
        return float(m[0, 0]), float(m[1, 1]), float(m[0, 2]), float(m[1, 2])

    def project(self, points: ArrayLike) -> F64:
        """
        Return the pixels (N, 2) of points (N, 3) [m] before the camera (z > 0).

        Pixels are of the delivered, rectified image; whole numbers are pixel centres.

        :raises ValueError: when the camera is uncalibrated
        """
        m = self.projection()
        xyz = np.asarray(points, np.float64)
        uvw = xyz @ m[:, :3].T + m[:, 3]
        pixels: F64 = uvw[:, :2] / uvw[:, 2:]
        return pixels

    def back_project_pixels(self, pixels: ArrayLike, depth: ArrayLike) -> F64:
        """
        Return the points (N, 3) [m] seen at ``pixels`` (N, 2) with ``depth`` (N,) [m].

        :raises ValueError: when the camera is uncalibrated
        """
        m = self.projection()
        uv, z = np.asarray(pixels, np.float64), np.asarray(depth, np.float64)
        y = ((uv[:, 1] - m[1, 2]) * z - m[1, 3]) / m[1, 1]
        x = ((uv[:, 0] - m[0, 2]) * z - m[0, 1] * y - m[0, 3]) / m[0, 0]
        return np.stack([x, y, z], axis=-1)

    def back_project(self, depth: F32) -> F32:
        """
        Return the points (H, W, 3) [m] of a delivered depth image (H, W) [m], NaN where unknown.

        :raises ValueError: when the image has another size, or the camera is uncalibrated
        """
        height, width = depth.shape
        if not self.matches(width, height):
            camera = self.reduced()
            raise ValueError(
                f'depth is {width}x{height}, its camera {camera.width}x{camera.height}: pair each '
                'depth image with the camera_info of the same topic and stamp'
            )
        m = self.projection()
        u, v = np.arange(width), np.arange(height)[:, None]
        points = np.empty((height, width, 3), np.float32)
        z = depth.astype(np.float64)  # the terms of a long baseline nearly cancel out
        y = ((v - m[1, 2]) * z - m[1, 3]) / m[1, 1]
        points[..., 0] = ((u - m[0, 2]) * z - m[0, 1] * y - m[0, 3]) / m[0, 0]
        points[..., 1] = y
        points[..., 2] = depth
        return points

    def fill(self, info: CameraInfoLike, header: Header | None = None) -> None:
        """
        Write this camera into a CameraInfo message, and ``header``'s stamp and frame if given.

        Everything but the header is overwritten, binning and region of interest included.
        """
        if header is not None:
            copy_header(header, info.header)
        info.width, info.height = self.width, self.height
        info.distortion_model = self.distortion_model
        info.d = _like(info.d, self.d)
        info.k = np.array(self.k)
        info.r = np.array(self.r)
        info.p = np.array(self.p)
        info.binning_x, info.binning_y = self.binning_x, self.binning_y
        for name, value in self.roi._asdict().items():
            setattr(info.roi, name, value)

    def _moved(self, pixels: F64) -> CameraModel:
        """Return K and P after the affine map ``pixels`` (3, 3) of the image plane."""
        k = pixels @ np.reshape(self.k, (3, 3))
        p = pixels @ np.reshape(self.p, (3, 4))
        return replace(self, k=_floats(k.ravel()), p=_floats(p.ravel()))

    def projection(self) -> F64:
        """
        Return the 3x4 projection of the delivered image: of P where it is known, else of K.

        :raises ValueError: when the camera is uncalibrated
        """
        camera = self.reduced()
        if camera.p[0] != 0.0 and camera.p[5] != 0.0:
            return np.reshape(camera.p, (3, 4))
        if camera.calibrated:
            return np.hstack([np.reshape(camera.k, (3, 3)), np.zeros((3, 1))])
        raise ValueError(
            'the camera is uncalibrated (K is all 0), so its pixels have no direction: calibrate '
            "it, or have its driver publish the sensor's factory calibration in camera_info"
        )


def _floats(values: Iterable[Any]) -> Floats:
    return tuple(float(value) for value in values)


def _like(field: object, values: Floats) -> Any:
    """Return ``values`` in the container of a message's variable-length field."""
    return np.array(values) if isinstance(field, np.ndarray) else array.array('d', values)
