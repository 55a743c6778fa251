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
"""Recordings of a synthetic camera, as the trainer node makes them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from cdst_ros.recordings.writer import Picture, RecordingWriter
from cdst_ros.synthetic import SyntheticCamera, SyntheticFrame, load_profile


@lru_cache(maxsize=4)
def _walk(
    *, frames: int, size: tuple[int, int], scale: int, profile: str, seed: int, rate_hz: float
) -> list[SyntheticFrame]:
    """Return what the camera sees; many tests record the same."""
    camera = SyntheticCamera(
        seed,
        *size,
        scale=scale,
        rate_hz=rate_hz,
        profile=load_profile(profile),
        frames=frames,
        color=load_profile(profile).wants_color,
    )
    return [camera.frame(index) for index in range(frames)]


def record(
    folder: Path,
    frames: int = 60,
    *,
    size: tuple[int, int] = (40, 30),
    scale: int = 4,
    profile: str = 'stereo',
    seed: int = 3,
    rate_hz: float = 5.0,
    reference: bool = True,
) -> Path:
    """Record ``frames`` frames of a camera that moves through a room, with the truth."""
    seen = _walk(
        frames=frames, size=size, scale=scale, profile=profile, seed=seed, rate_hz=rate_hz
    )
    with RecordingWriter(folder, rate_hz=rate_hz) as writer:
        for frame in seen:
            writer.append(
                frame.stamp_ns,
                Picture(frame.depth, frame.frame_id, frame.camera),
                reference=Picture(frame.truth_mm, frame.frame_id, frame.camera_hr)
                if reference
                else None,
                pose=frame.pose,
            )
    return folder
