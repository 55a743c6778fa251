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
"""What a camera sees of a scene: exact depth, and a colour image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cdst_ros.depth.arrays import F32, F64, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.synthetic.raycast import I16, View, cast
from cdst_ros.synthetic.scenes import Scene
from cdst_ros.synthetic.shading import shade
from cdst_ros.synthetic.surfaces import look_closely


@dataclass(frozen=True, eq=False)
class Render:
    """
    What a camera sees of a scene.

    :param depth: exact, along Z [m], NaN where nothing is hit, (H, W)
    :param surface: number of the surface seen, -1 where nothing is hit, (H, W)
    :param color: RGB, (H, W, 3), or None when not asked for
    :param incidence: cosine between ray and surface normal, NaN like depth, (H, W), or None
    """

    depth: F32
    surface: I16
    color: U8 | None = None
    incidence: F32 | None = None


def render(
    scene: Scene,
    camera: CameraModel,
    pose: F64,
    *,
    color: bool = True,
    incidence: bool = False,
) -> Render:
    """
    Return what ``camera`` sees of ``scene``: one exact ray a pixel, through its centre.

    :param pose: camera to world, optical axes (z forward, x right, y down), (4, 4)
    :param color: whether to shade a colour image; depth alone is several times faster
    :param incidence: whether to return the angles at which surfaces are seen
    :raises ValueError: for a camera with lens distortion, or outside the room
    """
    view = View.of(camera, pose)
    hits = cast(scene.room, scene.shapes, view)
    image, cosines = None, None
    if color or incidence:
        seen = look_closely(scene, view, hits)
        image = shade(scene, view, seen) if color else None
        cosines = seen.image(seen.cosine, np.nan) if incidence else None
    return Render(hits.depth(), hits.surface, image, cosines)
