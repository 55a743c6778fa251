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
"""One frame scored: every method run as the node does, and judged beside the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from cdst_ros.depth.arrays import F32, F64, Bool
from cdst_ros.depth.noise import NoiseModel
from cdst_ros.evaluation.judging import Judge, View
from cdst_ros.evaluation.methods import Method
from cdst_ros.evaluation.metrics.distance import DistanceBands
from cdst_ros.evaluation.metrics.distribution import distribution_sums
from cdst_ros.evaluation.metrics.flicker import (
    FARTHEST_DEGREES,
    FARTHEST_M,
    LONGEST_STEP_S,
    STILL_DEGREES,
    STILL_M,
    Correspondence,
    flicker_sums,
    moved_by,
    stillness,
)
from cdst_ros.evaluation.metrics.sums import Sums
from cdst_ros.evaluation.promises import BrokenPromises, check_promises
from cdst_ros.superres.frame import Settings, SuperResolution


class Output(NamedTuple):
    """
    What a method made of a frame.

    :param depth: (sH, sW) [m], NaN = unknown
    :param sigma: likewise, where the method has some
    :param latency_ms: of the whole one-frame path
    :param clipped: share of the pixels that the bound changed
    """

    depth: F32
    sigma: F32 | None
    latency_ms: float
    clipped: float = 0.0


@dataclass(frozen=True, eq=False)
class Enlarged:
    """
    A frame, what all methods made of it, and where and when it was taken.

    :param stamp_ns: 0 where unknown
    :param pose: (4, 4), camera to world, where known
    """

    view: View
    outputs: Mapping[str, Output]
    stamp_ns: int = 0
    pose: F64 | None = None

    def common(self) -> Bool:
        """Return the pixels (sH, sW) that the reference and all methods know."""
        known = np.isfinite(self.view.reference)
        for output in self.outputs.values():
            known &= np.isfinite(output.depth)
        return known


@dataclass(frozen=True)
class FrameSums:
    """
    All that is kept of a frame at a scale: sums by method.

    :param index: place among the frames of the source, from 0
    :param step: how it follows the frame before: ``still``, ``moving``, or why that cannot tell
    :param broken: by model, how its bound was broken (``promises.py``)
    """

    index: int
    name: str
    stamp_ns: int
    sequence: str
    scale: int
    step: str
    has_camera: bool
    sums: dict[str, Sums]
    latency_ms: dict[str, float]
    clipped: dict[str, float]
    broken: dict[str, tuple[int, int, int]]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values; they give the very same sums."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> FrameSums:
        """Return what ``to_json`` gave."""
        broken = {name: tuple(counts) for name, counts in values.pop('broken').items()}
        return cls(**values, broken=broken)


class FrameScorer:
    """
    Runs methods of one scale over frames, each with one ``SuperResolution``, as the node does.

    The first frame of a size is run twice, and timed the second time: engines make themselves
    ready for a size. Use as a context manager; methods stay the caller's.
    """

    def __init__(
        self, methods: Sequence[Method], settings: Settings, *, threads: int | None = None
    ) -> None:
        """
        Take the methods.

        :param settings: of the models; the classical methods are the same, but not bounded
        :param threads: that outputs are judged on; timing is never beside them
        """
        free = Settings(
            bounded=False,
            fill_holes=settings.fill_holes,
            min_depth=settings.min_depth,
            max_depth=settings.max_depth,
        )
        self.methods = tuple(methods)
        self._runs = {
            method.name: SuperResolution(method.engine, settings if method.is_model else free)
            for method in methods
        }
        self._bound_sigmas = settings.bound_sigmas if settings.bounded else None
        self._sizes: dict[str, tuple[int, ...]] = {}
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix='judging')

    def __enter__(self) -> FrameScorer:
        return self

    def __exit__(self, *exception: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def enlarge(
        self, view: View, stamp_ns: int, pose: F64 | None, names: Sequence[str] | None = None
    ) -> Enlarged:
        """
        Run the methods; those that need colour only where there is some.

        :param names: of the methods to run; None: all
        :raises EngineError: when an engine breaks on this frame
        """
        outputs = {
            method.name: self._run(method, view)
            for method in self.methods
            if not (method.guided and view.rgb is None) and (names is None or method.name in names)
        }
        return Enlarged(view, outputs, stamp_ns, pose)

    def score(self, index: int, name: str, now: Enlarged, before: Enlarged | None) -> FrameSums:
        """
        Judge a frame.

        :param before: the frame before it in the source, where it was enlarged
        """
        noise = {method.name: method.noise for method in self.methods if method.is_model}
        return score_frame(
            index,
            name,
            now,
            before,
            noise=noise,
            bound_sigmas=self._bound_sigmas,
            pool=self._pool,
        )

    def _run(self, method: Method, view: View) -> Output:
        run, rgb = self._runs[method.name], view.rgb if method.guided else None
        if self._sizes.get(method.name) != view.low.shape:
            run(view.low, rgb)
            self._sizes[method.name] = view.low.shape
        result = run(view.low, rgb)
        sigma = result.sigma
        return Output(
            result.depth.copy(),
            None if sigma is None else sigma.copy(),
            1e3 * sum(result.timings.values()),
            result.clipped_fraction,
        )


def score_frame(
    index: int,
    name: str,
    now: Enlarged,
    before: Enlarged | None,
    *,
    noise: Mapping[str, NoiseModel],
    bound_sigmas: float | None,
    pool: ThreadPoolExecutor,
) -> FrameSums:
    """
    Judge what methods made of a frame, side by side: errors are of the pixels that all know.

    :param before: the frame before it, where it was enlarged, for flicker
    :param noise: of the sensor that each model is meant for
    :param bound_sigmas: that the models' bound gives or takes; None: they are not bounded
    """
    view, common = now.view, now.common()
    judging = pool.submit(Judge.of, view)
    bands = DistanceBands.of(view.reference)
    step = _Step.between(now, before, common)
    judge = judging.result()

    def judged(method: str) -> Sums:
        output = now.outputs[method]
        return {
            **judge.sums(output.depth, output.sigma, common),
            **bands.sums(output.depth, common),
            **distribution_sums(output.depth, view.reference, common),
            **step.sums(method, output.depth),
        }

    sums = dict(zip(now.outputs, pool.map(judged, now.outputs), strict=True))
    return FrameSums(
        index=index,
        name=name,
        stamp_ns=now.stamp_ns,
        sequence=view.sequence,
        scale=round(view.reference.shape[0] / view.low.shape[0]),
        step=step.kind,
        has_camera=view.camera is not None,
        sums=sums,
        latency_ms={method: output.latency_ms for method, output in now.outputs.items()},
        clipped={method: output.clipped for method, output in now.outputs.items()},
        broken={}
        if bound_sigmas is None
        else {
            method: _broken(now.outputs[method].depth, view.low, bound_sigmas, sensor)
            for method, sensor in noise.items()
            if method in now.outputs
        },
    )


def _broken(depth: F32, low: F32, bound_sigmas: float, noise: NoiseModel) -> tuple[int, int, int]:
    measured = np.nan_to_num(low)
    # What float32 may lose on the way to the limits and back.
    slack = bound_sigmas * noise.sigma(measured) + np.float32(1e-6) * measured
    broken: BrokenPromises = check_promises(depth, low, slack)
    return broken.outside, broken.invented, broken.erased


@dataclass(frozen=True, eq=False)
class _Step:
    """
    From the frame before to this one.

    :param kind: ``still``, ``moving``, or why flicker cannot be told
    """

    kind: str
    before: Enlarged | None = None
    common: Bool | None = None
    common_before: Bool | None = None
    points: Correspondence | None = None

    @classmethod
    def between(cls, now: Enlarged, before: Enlarged | None, common: Bool) -> _Step:
        """Return how a frame follows the one before."""
        if before is None or now.view.reference.shape != before.view.reference.shape:
            return cls('first')
        if not 0 < 1e-9 * (now.stamp_ns - before.stamp_ns) <= LONGEST_STEP_S:
            return cls('far apart in time')
        if now.pose is not None and before.pose is not None:
            return cls._by_poses(now, now.pose, before, before.pose, common)
        if not stillness(now.view.low, before.view.low).is_still:
            return cls('moving, poses unknown')
        return cls._still(now, before, common)

    @classmethod
    def _by_poses(
        cls, now: Enlarged, pose: F64, before: Enlarged, pose_before: F64, common: Bool
    ) -> _Step:
        distance, degrees = moved_by(pose, pose_before)
        if distance < STILL_M and degrees < STILL_DEGREES:
            return cls._still(now, before, common)
        if distance > FARTHEST_M or degrees > FARTHEST_DEGREES:
            return cls('far apart in space')
        camera, reference = now.view.camera, now.view.reference
        if camera is None or not camera.calibrated:
            return cls('moving, camera unknown')
        points = Correspondence.of(reference, before.view.reference, camera, pose, pose_before)
        return cls('moving', before, common, before.common(), points)

    @classmethod
    def _still(cls, now: Enlarged, before: Enlarged, common: Bool) -> _Step:
        """Return a step of a camera that stood; what moved before it does not count."""
        scale = common.shape[0] // now.view.low.shape[0]
        where = stillness(now.view.low, before.view.low).where
        spread = np.repeat(np.repeat(where, scale, axis=0), scale, axis=1)
        return cls('still', before, common & spread, before.common())

    def sums(self, method: str, output: F32) -> Sums:
        """Return what a method's output flickers."""
        if self.before is None or method not in self.before.outputs:
            return {}
        assert self.common is not None
        assert self.common_before is not None
        earlier = self.before.outputs[method].depth
        if self.points is None:
            return flicker_sums(output, earlier, self.common & self.common_before)
        return self.points.sums(output, earlier, self.common, self.common_before)
