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
"""Colour brought onto the grid of enlarged depth, as fast as frames come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8, AnyArray, Bool
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.lens import Lens
from cdst_ros.depth.registration import check_registrable, lenses, require_own_camera
from cdst_ros.depth.reprojection import JUMP_M, JUMP_SHARE

#: Where no colour is looked up [px]: outside of any image, and of what OpenCV holds in 16 bits.
_NOWHERE = -1e4
#: Pixels of the colour image from one known distortion of its lens to the next.
_LENS_STEP = 8
#: Colour whose places differ by no more lies on the grid as it is [px].
_IN_PLACE = 0.25
#: Share of the colour image that is looked at beyond its border.
_MARGIN = 0.05
_FAR_AWAY = np.zeros(1, np.float32), np.ones(1, np.bool_)
_AROUND = np.ones((3, 3), np.uint8)


class ColorWarp:
    """
    Takes colour to the grid of depth enlarged ``scale`` times, one image after the other.

    What ``register`` does by sampling every surface densely is done here in a few milliseconds:
    what depends on depth is worked out on the grid of depth, and enlarged. Where neighbouring
    depths are of one surface, places in the colour image are interpolated between theirs;
    elsewhere a pixel goes with the nearest surface around it, so that a thing is shown with its
    true outline, and the parallax is in what lies behind. What depth does not know gets no
    colour, and neither does what another surface hides from the colour camera (z-buffer, of the
    pixels of depth). Where both cameras are at one place nothing is hidden, and no depth needed.
    """

    def __init__(
        self,
        camera: CameraModel,
        color_camera: CameraModel,
        to_color: F64,
        *,
        scale: int,
        alignment: GridAlignment = GridAlignment.HALF_PIXEL,
    ) -> None:
        """
        Work out what stays the same from frame to frame.

        :param camera: of depth
        :param color_camera: of the colour images
        :param to_color: (4, 4) rigid, takes points of the depth camera to the colour camera, both
            with optical axes [m]
        :param scale: pixels of the grid for one of depth, each way
        :param alignment: how the grid lies on that of depth
        :raises RegistrationError: when a camera is uncalibrated, the transform not rigid, or the
            lens one that cannot be worked out
        """
        self._camera, self._color_camera = camera.reduced(), color_camera.reduced()
        check_registrable(self._camera, self._color_camera, to_color)
        self._scale, self._alignment = scale, alignment
        grid = self._camera.scaled(scale, alignment)
        self._size = grid.width, grid.height
        own, lens = lenses(self._camera, self._color_camera, to_color)
        self._lens = _BentView.of(self._color_camera, lens)
        self._view = _View.of(own, self._camera, lens.projection, to_color)
        #: Colour is averaged over so many pixels each way before it is sampled.
        self._averaged = max(int(self._color_camera.intrinsics()[0] / grid.intrinsics()[0]), 1)
        # The pixels of the grid that belong to one of depth lie so far around its centre.
        around = (scale - 1) / (2 * scale) / self._coarser()
        size = np.array([self._color_camera.width, self._color_camera.height])
        #: Least and greatest place of a pixel of depth in the colour image.
        self._inside = np.full(2, around), size - 1 - around
        on_grid = _View.of(own, grid, lens.projection, to_color)
        #: Where the pixels of the grid would be seen if everything were far away, (sH, sW, 2).
        self._far = self._lens.bent(on_grid.places(*_FAR_AWAY))
        self._far_low = self._lens.bent(self._view.places(*_FAR_AWAY))
        in_color = self._color_camera.width, self._color_camera.height
        if not self._view.apart:
            self._far = _within(self._far, in_color)
        if self._averaged > 1:
            self._far = (self._far + np.float32(0.5)) / self._averaged - np.float32(0.5)
        self._in_place = (
            not self._view.apart
            and self._size == in_color
            and bool(np.abs(self._far - _pixels(*self._size)).max() <= _IN_PLACE)
        )
        self._buffers = _Buffers.of(*self._size)

    def __call__(self, color: U8, depth: F32) -> U8:
        """
        Return colour on the grid, (sH, sW, 3); it lives until the next call.

        A pixel that the colour camera does not see is 0 in every channel; of one that it sees, 0
        is raised to 1.

        :param color: (h, w, 3) RGB
        :param depth: (H, W) [m], NaN = unknown
        :raises RegistrationError: when an image is not of its camera
        """
        require_own_camera('colour', color.shape, self._color_camera)
        require_own_camera('depth', depth.shape, self._camera)
        if self._in_place:
            return np.asarray(cv2.max(color, (1.0, 1.0, 1.0, 0.0), dst=self._buffers.rgb))
        place = self._far
        if self._view.apart:
            moved = self._parallax(depth)
            place = cv2.add(self._far, moved, dst=moved)
        sampled = cv2.remap(
            self._prepared(color), place, None, cv2.INTER_LINEAR, dst=self._buffers.rgb,
            borderMode=cv2.BORDER_CONSTANT, borderValue=(0, 0, 0),
        )  # fmt: skip
        return np.asarray(sampled)

    def _prepared(self, color: U8) -> U8:
        """Return colour without what the grid cannot show, and nowhere 0."""
        n = self._averaged
        if n > 1:
            height, width = color.shape[0] // n, color.shape[1] // n
            whole = np.ascontiguousarray(color[: n * height, : n * width])
            color = np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA))
        return np.asarray(cv2.max(color, (1.0, 1.0, 1.0, 0.0)))

    def _parallax(self, depth: F32) -> F32:
        """Return by how much each pixel of the grid is moved by its depth, (sH, sW, 2) [px]."""
        with np.errstate(divide='ignore', invalid='ignore'):
            inverse = np.float32(1) / depth
        known = inverse > 0
        inverse = np.where(known, inverse, np.float32(0))  # 0 = unknown
        places = self._view.places(inverse, known)
        seen = self._lens.takes_in(places)
        seen &= ~self._hidden(places, inverse, seen)
        # A pixel of depth that is not wholly in the image would be drawn with its black surround.
        seen &= _is_inside(self._lens.bent(places), self._inside)
        inverse = np.where(seen, inverse, np.float32(0))
        smooth = _is_smooth(inverse)
        spread = np.where(smooth, inverse, cv2.dilate(inverse, _AROUND))
        moved = self._lens.bent(self._view.places(spread, seen)) - self._far_low
        if self._averaged > 1:
            moved /= np.float32(self._averaged)
        buffers = self._buffers
        apart = self._enlarged(moved, cv2.INTER_NEAREST, buffers.apart)
        between = self._enlarged(moved, cv2.INTER_LINEAR, buffers.between)
        inner = cv2.erode(smooth.view(np.uint8), _AROUND)
        inner = self._enlarged(inner, cv2.INTER_NEAREST, buffers.inner)
        return np.asarray(cv2.copyTo(between, inner, apart))

    def _hidden(self, places: F32, inverse: F32, inside: Bool) -> Bool:
        """
        Return which pixels of depth another surface hides from the colour camera, (H, W).

        :param places: in the colour image, of an ideal lens, (H, W, 2) [px]
        :param inverse: depth [1/m]
        :param inside: where the places are those that the lens takes in
        """
        # As fine as depth: finer would leave cracks.
        coarser = np.float32(self._coarser())
        low, high = self._lens.low * coarser, self._lens.high * coarser
        width, height = np.asarray(np.ceil(high - low), np.intp) + 2
        columns, rows = (
            np.asarray(places[..., axis] * coarser - np.float32(low[axis] - 0.5), np.int32)
            for axis in range(2)
        )
        cells = np.where(inside, rows * np.int32(width) + columns, np.int32(0)).ravel()
        nearness = np.where(inside, self._view.nearness(inverse), np.float32(0))
        nearest = max(float(nearness.max()), 1e-6)
        # The last one stays, and that is the nearest. 16 bits are sorted several times faster.
        levels = np.asarray(nearness * np.float32(65535 / nearest), np.uint16).ravel()
        order = np.argsort(levels, kind='stable')
        buffer = np.zeros(height * width, np.float32)
        buffer[cells[order]] = nearness.ravel()[order]
        closed = cv2.morphologyEx(buffer.reshape(height, width), cv2.MORPH_CLOSE, _AROUND)
        before = closed.ravel()[cells].reshape(inverse.shape)
        # z - z_before > max(JUMP_M, JUMP_SHARE z_before), in 1 / z
        return np.asarray(
            inside
            & (before - nearness > np.float32(JUMP_M) * before * nearness)
            & (before > np.float32(1 + JUMP_SHARE) * nearness)
        )

    def _coarser(self) -> float:
        """Return how many pixels of depth there are for one of colour."""
        return self._camera.intrinsics()[0] / self._color_camera.intrinsics()[0]

    def _enlarged(self, image: AnyArray, interpolation: int, out: AnyArray) -> AnyArray:
        """Return an image of the grid of depth on the finer grid, (sH, sW, ...)."""
        if self._alignment is GridAlignment.HALF_PIXEL:
            return np.asarray(cv2.resize(image, self._size, dst=out, interpolation=interpolation))
        back = np.hstack([np.eye(2) / self._scale, np.zeros((2, 1))])
        flags = interpolation | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(
                image, back, self._size, dst=out, flags=flags, borderMode=cv2.BORDER_REPLICATE
            )
        )


class _Buffers(NamedTuple):
    """Images of the grid, which fresh in every frame would cost more than what is done to them."""

    apart: F32
    between: F32
    inner: U8
    rgb: U8

    @classmethod
    def of(cls, width: int, height: int) -> _Buffers:
        """Return buffers of a size [px]."""
        return cls(
            np.empty((height, width, 2), np.float32),
            np.empty((height, width, 2), np.float32),
            np.empty((height, width), np.uint8),
            np.empty((height, width, 3), np.uint8),
        )


@dataclass(frozen=True, eq=False)
class _View:
    """
    Where a colour camera with an ideal lens sees the pixels of a depth camera, by their depth.

    For a pixel of inverse depth q the homogeneous place is ``ray + q shift``.

    :param ray: (3, H, W)
    :param shift: (3,)
    """

    ray: F32
    shift: F32

    @classmethod
    def of(cls, lens: Lens, grid: CameraModel, theirs: F64, to_color: F64) -> _View:
        """
        Return the view of a camera's pixels by another one, of the projection ``theirs``.

        :param lens: of the depth camera
        :param grid: whose pixels it are, that camera made larger
        """
        v, u = np.mgrid[: grid.height, : grid.width].astype(np.float64)
        pixels = np.stack([u.ravel(), v.ravel()], axis=1)
        # A baseline in P moves the points by the same for all pixels.
        at_lens = np.zeros((1, 2)), np.zeros(1)
        origin = np.zeros(3) if lens.bends else lens.back_project(*at_lens, grid)[0]
        rays = lens.back_project(pixels, np.ones(len(pixels)), grid) - origin
        # Where the lens draws nothing, nothing is seen: as of what is behind.
        rays[np.isnan(rays).any(axis=1)] = 0, 0, -1
        turned = theirs[:, :3] @ to_color[:3, :3]
        ray = np.tensordot(turned, rays.T.reshape(3, grid.height, grid.width), axes=1)
        shift = turned @ origin + theirs[:, :3] @ to_color[:3, 3] + theirs[:, 3]
        return cls(np.asarray(ray, np.float32), np.asarray(shift, np.float32))

    @property
    def apart(self) -> bool:
        """Whether depth matters: the cameras are not at one place."""
        return bool(np.abs(self.shift).max() > 1e-6)

    def nearness(self, inverse: F32) -> F32:
        """Return the inverse depth [1/m] for the colour camera."""
        return np.asarray(inverse / (self.ray[2] + self.shift[2] * inverse))

    def places(self, inverse: F32, known: Bool) -> F32:
        """
        Return the places in the colour image, (H, W, 2) [px]; ``_NOWHERE`` behind the camera.

        :param inverse: depth [1/m], 0 = far away, (H, W), or one for all
        :param known: where that is to be believed; elsewhere it is ``_NOWHERE``
        """
        depth = self.ray[2] + self.shift[2] * inverse
        before = known & (depth > 1e-6)
        share = np.float32(1) / np.where(before, depth, np.float32(1))
        found = np.empty((*depth.shape, 2), np.float32)
        for axis in range(2):
            at = (self.ray[axis] + self.shift[axis] * inverse) * share
            found[..., axis] = np.where(before, at, np.float32(_NOWHERE))
        return found


@dataclass(frozen=True, eq=False)
class _BentView:
    """
    What a lens does to the places of an ideal one.

    :param low: least place that the lens takes in, x and y [px]
    :param high: greatest
    :param moved: by how much places are moved, every ``_LENS_STEP`` px from ``low`` on, (h, w, 2)
        [px]; None where the lens is ideal
    """

    low: F64
    high: F64
    moved: F32 | None

    @classmethod
    def of(cls, camera: CameraModel, lens: Lens) -> _BentView:
        """Return the lens of a camera."""
        if not lens.bends:
            # What lies beyond the border may hide what lies on it.
            size = np.array([camera.width, camera.height], np.float64)
            return cls(-_MARGIN * size, (1 + _MARGIN) * size, None)
        k = np.reshape(camera.k, (3, 3))
        focal, center = np.array([k[0, 0], k[1, 1]]), np.array([k[0, 2], k[1, 2]])
        low, high = (edge * focal + center for edge in lens.field)
        width, height = (np.ceil((high - low) / _LENS_STEP) + 1).astype(int)
        straight = _pixels(width, height).astype(np.float64) * _LENS_STEP + low
        rays = np.dstack([(straight - center) / focal, np.ones((height, width))])
        bent = lens.draw(rays.reshape(-1, 3)).reshape(height, width, 2)
        return cls(low, high, np.asarray(bent - straight, np.float32))

    def takes_in(self, places: F32) -> Bool:
        """Return which places of an ideal lens, (..., 2) [px], this one takes in."""
        return _is_inside(places, (self.low, self.high))

    def bent(self, places: F32) -> F32:
        """Return where the lens draws places of an ideal one, (H, W, 2) [px]."""
        if self.moved is None:
            return places
        at = (places - self.low.astype(np.float32)) / np.float32(_LENS_STEP)
        moved = cv2.remap(self.moved, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(places + moved)


def _is_inside(places: F32, corners: tuple[F64, F64]) -> Bool:
    """Return which places (H, W, 2) lie between two corners, (H, W)."""
    low, high = corners
    return np.asarray(cv2.inRange(places, (*low, 0, 0), (*high, 0, 0)) > 0)


def _within(places: F32, size: tuple[int, int]) -> F32:
    """Return places (H, W, 2) between pixel centres; nowhere where outside of an image."""
    last = np.array(size) - 1.0
    inside = _is_inside(places, (np.full(2, -0.5), last + 0.5))
    between = np.clip(places, 0, last.astype(np.float32))
    return np.where(inside[..., None], between, np.float32(_NOWHERE))


def _is_smooth(inverse: F32) -> Bool:
    """Return which pixels are of one surface with all those around them, (H, W)."""
    nearest, farthest = cv2.dilate(inverse, _AROUND), cv2.erode(inverse, _AROUND)
    with np.errstate(divide='ignore', invalid='ignore'):
        near, far = 1 / nearest, 1 / farthest
        return np.asarray(far - near <= np.maximum(JUMP_M, JUMP_SHARE * near))


def _pixels(width: int, height: int) -> F32:
    """Return column and row of each pixel, (height, width, 2)."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([columns, rows], axis=-1).astype(np.float32)
