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
"""One depth image in, one enlarged depth image out."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from cdst_ros.depth.arrays import F32, U8, Bool
from cdst_ros.depth.validity import valid_mask
from cdst_ros.superres.bound import bound
from cdst_ros.superres.engine import Engine, EngineError, Inference
from cdst_ros.superres.fill import where, write_unknown
from cdst_ros.superres.hole_filling import fill_holes
from cdst_ros.superres.holes import valid_contour
from cdst_ros.superres.scratch import Scratch

#: The parts of a frame that ``Result.timings`` tells the seconds of, in their order.
STAGES = ('prepare', 'infer', 'bound', 'mask')

#: Farther than this is no measurement [m]; keeps sigma(z) and the limits within float32.
FARTHEST = 1e6

_FLOAT32 = np.finfo(np.float32)


@dataclass(frozen=True)
class Settings:
    """
    What may be asked of the output.

    :param bounded: keep every value within the samples around it, and every nearest surface
    :param bound_sigmas: give or take so many sigma of the model's sensor
    :param max_sigma: depth whose sigma is larger becomes NaN [m]; None keeps all. It acts after
        the bound: what it hides of an obstacle is unknown afterwards, not free
    :param fill_holes: fill holes of up to so many input pixels' width first; 0 keeps all
    :param min_depth: nearer input is unknown [m]
    :param max_depth: farther input is unknown [m]
    :raises ValueError: for what can not be
    """

    bounded: bool = True
    bound_sigmas: float = 1.0
    max_sigma: float | None = None
    fill_holes: int = 0
    min_depth: float = 0.0
    max_depth: float = math.inf

    def __post_init__(self) -> None:
        if not 0 <= self.bound_sigmas < math.inf:
            raise ValueError(f'bound_sigmas must be 0 or more, got {self.bound_sigmas}')
        if self.max_sigma is not None and not self.max_sigma > 0:
            raise ValueError(
                f'max_sigma must be more than 0 m, got {self.max_sigma}; None keeps all depth'
            )
        if self.fill_holes != int(self.fill_holes) or self.fill_holes < 0:
            raise ValueError(
                f'fill_holes must be a number of input pixels, 0 for none, got {self.fill_holes}'
            )
        if not 0 <= self.min_depth < min(self.max_depth, FARTHEST):
            raise ValueError(
                'min_depth and max_depth must be 0 <= min_depth < max_depth in metres, got '
                f'{self.min_depth} and {self.max_depth}'
            )


class Result:
    """An enlarged frame; its buffers live until the next call."""

    def __init__(self, out: Inference, timings: dict[str, float], clipped_fraction: float) -> None:
        """
        Take a frame whose depth is NaN where not valid.

        :param timings: seconds of each of ``STAGES``
        :param clipped_fraction: share of the engine's valid pixels that the bound changed, 0 to 1
        """
        #: (sH, sW) [m], NaN = unknown.
        self.depth: F32 = out.depth
        self.timings = timings
        self.clipped_fraction = clipped_fraction
        self._out = out

    @cached_property
    def sigma(self) -> F32 | None:
        """
        Scale of a Laplace distribution, (sH, sW) [m], NaN where depth is.

        None where the engine has no notion of its error. Made ready when it is asked for, which
        most frames of a stream are not.
        """
        if self._out.sigma is not None:
            write_unknown(self._out.sigma, self._out.valid.view(np.uint8))
        return self._out.sigma


class SuperResolution:
    """Takes depth images of any size through an engine, and keeps the promises of the output."""

    def __init__(self, engine: Engine, settings: Settings | None = None) -> None:
        """Take the engine, which stays the caller's to close."""
        self.engine = engine
        self.settings = settings or Settings()
        self._info = engine.info
        self._scratch = Scratch()

    def __call__(self, depth: F32, rgb: U8 | None = None) -> Result:
        """
        Enlarge one image.

        :param depth: (H, W) float32 [m]; NaN, infinities, zero and negatives are unknown
        :param rgb: (sH, sW, 3) for guided engines, registered to the output grid; black is
            unknown to models
        :raises ValueError: when ``depth`` is no such image
        :raises EngineError: when the engine breaks on this frame; the next one may be tried
        """
        _check_image(depth)
        clock = _Clock()
        measured, valid = self._prepare(depth)
        clock.stage('prepare')
        out = self._infer(measured, valid, rgb)
        clock.stage('infer')
        clipped = self._bound(out, measured, valid)
        clock.stage('bound')
        self._mask(out)
        clock.stage('mask')
        return Result(out, clock.timings, clipped)

    def _prepare(self, depth: F32) -> tuple[F32, Bool]:
        """Return depth that is 0 where unknown, and where it is known."""
        settings = self.settings
        valid = valid_mask(depth, settings.min_depth, min(settings.max_depth, FARTHEST))
        measured = where(valid, depth, 0.0)
        if settings.fill_holes:
            return fill_holes(measured, valid, settings.fill_holes, self._info.noise)
        return measured, valid

    def _infer(self, measured: F32, valid: Bool, rgb: U8 | None) -> Inference:
        name, (height, width) = self._info.engine, measured.shape
        try:
            out = self.engine.infer(measured, valid, rgb)
        except EngineError:
            raise
        except Exception as error:
            raise EngineError(
                f'{name} broke on a frame of {width}x{height} pixels, '
                f'{np.count_nonzero(valid)} of them valid: {error}'
            ) from error
        expected = height * self._info.scale, width * self._info.scale
        for what, image in (('depth', out.depth), ('valid', out.valid), ('sigma', out.sigma)):
            if image is not None and image.shape != expected:
                raise EngineError(
                    f'{name} gave {what} of shape {image.shape} for a frame of {width}x{height} '
                    f'pixels where {expected} was due: the model breaks its contract'
                )
        return out

    def _bound(self, out: Inference, measured: F32, valid: Bool) -> float:
        """Keep holes and, where asked, the bound; return the share of pixels it changed."""
        info = self._info
        if not valid.all():
            contour = valid_contour(
                measured,
                valid,
                info.scale,
                alignment=info.alignment,
                noise=info.noise,
                scratch=self._scratch,
            )
            np.logical_and(out.valid, contour, out=out.valid)
        if not self.settings.bounded:
            _drop_impossible(out)
            write_unknown(out.depth, out.valid.view(np.uint8))
            return 0.0
        slack = self.settings.bound_sigmas * info.noise.sigma(measured)
        return bound(
            out.depth,
            out.valid,
            measured,
            valid,
            info.scale,
            slack=slack,
            alignment=info.alignment,
            scratch=self._scratch,
        )

    def _mask(self, out: Inference) -> None:
        """Make doubtful depth unknown."""
        limit = self.settings.max_sigma
        if limit is not None and out.sigma is not None:
            known: U8 = out.valid.view(np.uint8)
            certain = cv2.inRange(out.sigma, 0.0, limit)
            cv2.bitwise_and(known, certain, dst=known)
            write_unknown(out.depth, known)


class _Clock:
    """Wall-clock seconds from one stage to the next."""

    def __init__(self) -> None:
        self.timings: dict[str, float] = {}
        self._last = time.perf_counter()

    def stage(self, name: str) -> None:
        """End a stage."""
        now = time.perf_counter()
        self.timings[name] = now - self._last
        self._last = now


def _check_image(depth: F32) -> None:
    if depth.ndim != 2 or depth.dtype != np.float32 or depth.size == 0:
        raise ValueError(
            f'a depth image is (H, W) float32 metres with at least one pixel, got '
            f'{depth.dtype} of shape {depth.shape}'
        )


def _drop_impossible(out: Inference) -> None:
    """Make invalid what is no depth: NaN, infinite, zero, negative."""
    possible = cv2.inRange(out.depth, float(_FLOAT32.tiny), float(_FLOAT32.max))
    mask = out.valid.view(np.uint8)
    cv2.bitwise_and(mask, possible, dst=mask)
