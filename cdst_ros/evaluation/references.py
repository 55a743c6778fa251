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
"""Pairs of input and reference, made of the frames of a source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import cv2
import numpy as np

from cdst_ros.depth.arrays import F64, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.depth.lens import bends_alike
from cdst_ros.depth.registration import RegistrationError, straightened
from cdst_ros.depth.reprojection import reproject
from cdst_ros.evaluation.degrade import valid_median
from cdst_ros.evaluation.judging import View
from cdst_ros.evaluation.lowering import Lowering, Recorded
from cdst_ros.evaluation.report import EvaluationError
from cdst_ros.evaluation.sources import SourceFrame

#: A reprojected reference may have this share fewer pixels than the output.
_COARSER = 0.1


class UnusableFrameError(ValueError):
    """A frame that makes no pair; the message says why."""


class Pairing(Protocol):
    """Makes views of frames."""

    notes: list[str]

    def scales(self, asked: Iterable[int], models: Iterable[int]) -> tuple[int, ...]:
        """
        Return the scales to evaluate at.

        :param asked: by the user; empty: what can be
        :param models: scales that there are models of
        :raises EvaluationError: when one that was asked for cannot be
        """

    def view(self, frame: SourceFrame, scale: int, number: int) -> View:
        """
        Return the pair that a frame makes.

        :param number: of the frame
        :raises UnusableFrameError: when it makes none
        """

    def told(self) -> str:
        """Return how pairs are made, in words."""


class LoweredPairs:
    """The recorded image is the reference; the input is made of it by a named protocol."""

    def __init__(self, lowering: Lowering, *, reduce: int = 1) -> None:
        """
        Take the protocol.

        :param reduce: the recorded image is made so many times smaller first
        """
        self.notes: list[str] = []
        self._lowering = lowering
        self._reduce = reduce

    def scales(self, asked: Iterable[int], models: Iterable[int]) -> tuple[int, ...]:
        """Return what is asked for, or the scales of the models: any can be."""
        return tuple(sorted(set(asked) or set(models)))

    def view(self, frame: SourceFrame, scale: int, number: int) -> View:
        """Return the pair that a frame makes."""
        recorded = Recorded(frame.depth, color_of(frame, frame.camera), frame.camera)
        try:
            recorded = recorded.reduced(self._reduce)
            return self._lowering.view(recorded, scale, 'recording', number)
        except ValueError as error:
            raise UnusableFrameError(str(error)) from error

    def told(self) -> str:
        """Return how pairs are made, in words."""
        before = ''
        if self._reduce > 1:
            before = (
                f'The recorded image is first reduced by {self._reduce}, each pixel the median '
                'of the known depths of its block. '
            )
        return (
            f'{before}There is no reference: the recorded depth is one, and the input is made of '
            f'it by the protocol {self._lowering.name!r}: {self._lowering.description}.'
        )


class RecordedPairs:
    """Input and reference were recorded both."""

    def __init__(self, first: SourceFrame, tolerance_ns: int, name: str) -> None:
        """
        Look at the first frame.

        :param name: of the reference, for people
        :raises EvaluationError: when input and reference cannot be compared; says why
        """
        self.notes: list[str] = []
        self._tolerance_ns = tolerance_ns
        self._name = name
        self._view = _ViewOf(first)
        self._by_stamp = not first.is_image
        if self._view.blind:
            self.notes.append(
                'no camera_info tells how input and reference lie to each other: they are taken '
                'to show the same view, border to border'
            )
        if self._view.reprojected and self._view.same_frame:
            self.notes.append(
                f'input and reference are both of the frame {first.frame_id!r} and have other '
                'intrinsics: the reference is moved over by those alone. If they are two cameras '
                'the frame_id of one is wrong, and so are these figures'
            )

    def scales(self, asked: Iterable[int], models: Iterable[int]) -> tuple[int, ...]:
        """Return the scales that the reference has the pixels for."""
        ratio, asked = self._view.ratio, sorted(set(asked))
        possible = [scale for scale in asked or sorted(set(models)) if self._can_be(scale)]
        if len(possible) < max(len(asked), 1):
            wanted = ', '.join(f'x{scale}' for scale in asked or sorted(set(models)))
            raise EvaluationError(
                f'the reference has {ratio:.3g} times the pixels of the input, each way: {wanted} '
                'cannot be judged by it. Give a --model or --scale that fits'
                + ('' if self._view.reprojected else ': a divisor of it')
            )
        return tuple(possible)

    def view(self, frame: SourceFrame, scale: int, number: int) -> View:
        """Return the pair that a frame makes."""
        if frame.reference is None:
            raise UnusableFrameError('no reference')
        try:
            view = _ViewOf(frame)
        except EvaluationError as error:
            raise UnusableFrameError(str(error)) from error
        return view.at(scale)

    def told(self) -> str:
        """Return how pairs are made, in words."""
        ratio = self._view.ratio
        how = (
            f'seen from the depth camera (z-buffer, {ratio:.3g} times its pixels each way)'
            if self._view.reprojected
            else f'of the same view, {ratio:.3g} times as large'
        )
        if self._by_stamp:
            how += f', paired by stamp within {self._tolerance_ns / 1e6:g} ms'
        return (
            f'The reference is {self._name}, {how}. Where it has more pixels than the output, it '
            'is reduced by the median of the known depths of each block.'
        )

    def _can_be(self, scale: int) -> bool:
        ratio = self._view.ratio
        if self._view.reprojected:
            return scale <= ratio * (1 + _COARSER)
        return scale > 1 and round(ratio) % scale == 0


class _ViewOf:
    """How the reference of one frame lies to its input."""

    def __init__(self, frame: SourceFrame) -> None:
        self._frame = frame
        assert frame.reference is not None
        low, reference = frame.depth.shape, frame.reference.shape
        ours, theirs = _usable(frame.camera), _usable(frame.reference_camera)
        names = {_plain(frame.frame_id), _plain(frame.reference_frame_id)} - {''}
        self.same_frame = len(names) <= 1
        self.blind = ours is None or theirs is None
        factor = float(reference[1] / low[1])
        whole = factor >= 1 and factor == round(factor) and reference[0] == round(factor) * low[0]
        agree = self.blind or (
            whole
            and ours is not None
            and theirs is not None
            and ours.scaled(factor, GridAlignment.HALF_PIXEL).agrees(theirs)
        )
        self.reprojected = not (whole and agree and self.same_frame)
        self.ratio = factor
        if self.reprojected:
            if ours is None or theirs is None:
                raise EvaluationError(_blind_reason(frame, whole))
            if self._between() is None:
                raise EvaluationError(
                    f'depth is of the frame {frame.frame_id!r} and its reference of '
                    f'{frame.reference_frame_id!r}, and no /tf_static links them: record '
                    '/tf_static as well, or take a reference of the same frame'
                )
            self.ratio = theirs.intrinsics()[0] / ours.intrinsics()[0]

    def at(self, scale: int) -> View:
        """
        Return the pair at a scale.

        :raises UnusableFrameError: when the sizes do not fit it
        """
        frame = self._frame
        camera = None
        if frame.camera is not None:
            camera = frame.camera.scaled(scale, GridAlignment.HALF_PIXEL)
        reference = frame.reference
        assert reference is not None
        if self.reprojected:
            between = self._between()
            assert camera is not None
            assert frame.reference_camera is not None
            assert between is not None
            to_output = np.asarray(np.linalg.inv(between), np.float64)
            seen = reproject(reference, frame.reference_camera, camera, to_output)
        else:
            factor = round(self.ratio)
            if factor % scale:
                raise UnusableFrameError(
                    f'input {_size(frame.depth.shape)} and reference {_size(reference.shape)} '
                    f'are not of scale {scale}'
                )
            seen = valid_median(reference, factor // scale)
        # Pairs of images need not follow each other: each is a sequence of its own.
        sequence = frame.name if frame.is_image else 'recording'
        return View(sequence, frame.depth, seen, color_of(frame, camera, seen.shape), camera)

    def _between(self) -> F64 | None:
        """Return (4, 4), takes points of the input's camera to the reference's."""
        if self._frame.to_reference is not None:
            return self._frame.to_reference
        return np.eye(4) if self.same_frame else None


def color_of(
    frame: SourceFrame, camera: CameraModel | None, size: tuple[int, ...] | None = None
) -> U8 | None:
    """
    Return colour that lies on a grid, (H, W, 3), or None where it is not known to.

    Colour has to be of the depth image's frame and show the same view: where both cameras are
    known, with the same intrinsics within 0.5 % once it has the size of the grid. Distortion that
    depth does not have is taken out of it; None where that cannot be worked out.

    :param camera: of the grid, where it is known
    :param size: of the grid, (H, W); None: that of the depth image
    """
    found = _same_view(frame, camera, size)
    ours, theirs = _usable(camera), _usable(frame.color_camera)
    if found is None or frame.color is None or ours is None or theirs is None:
        return found
    factor = found.shape[1] / frame.color.shape[1]
    try:
        return straightened(found, theirs.scaled(factor, GridAlignment.HALF_PIXEL), ours)
    except RegistrationError:
        return None


def color_as_it_is(
    frame: SourceFrame, camera: CameraModel | None, size: tuple[int, ...] | None = None
) -> U8 | None:
    """
    Return what ``color_of`` does, but None where colour is distorted otherwise than depth.

    Images that are distorted alike lie on each other as they are.
    """
    ours, theirs = _usable(camera), _usable(frame.color_camera)
    if ours is not None and theirs is not None and not bends_alike(ours, theirs):
        return None
    return _same_view(frame, camera, size)


def _same_view(
    frame: SourceFrame, camera: CameraModel | None, size: tuple[int, ...] | None
) -> U8 | None:
    """Return colour of the same view, made as large as a grid, whatever the lens."""
    color, (height, width) = frame.color, size or frame.depth.shape
    if color is None or not frame.color_registered:
        return None
    factor = width / color.shape[1]
    if abs(color.shape[0] * factor - height) >= 1:
        return None
    ours, theirs = _usable(camera), _usable(frame.color_camera)
    if ours is not None and theirs is not None:
        scaled = theirs.scaled(factor, GridAlignment.HALF_PIXEL)
        if not scaled.agrees(ours):
            return None
    if color.shape[:2] == (height, width):
        return color
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(color, (width, height), interpolation=how))


def _usable(camera: CameraModel | None) -> CameraModel | None:
    return camera if camera is not None and camera.calibrated else None


def _plain(frame_id: str) -> str:
    return frame_id.lstrip('/')


def _blind_reason(frame: SourceFrame, whole: bool) -> str:
    assert frame.reference is not None
    sizes = f'input {_size(frame.depth.shape)} and reference {_size(frame.reference.shape)}'
    what = 'are of other frames' if whole else 'are of no whole scale'
    return (
        f'{sizes} {what}, and a camera_info is missing or uncalibrated: without both nobody knows '
        'which pixels show the same. Record the camera_info of both'
    )


def _size(shape: tuple[int, ...]) -> str:
    return f'{shape[1]}x{shape[0]}'
