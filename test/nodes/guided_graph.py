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
"""A superres node with a guided model, and cameras for depth and colour."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from geometry_msgs.msg import TransformStamped
from graph import Graph, camera, image, info, pixels, set_header, wall
from sensor_msgs.msg import CameraInfo, Image
from tiny_model import CHANNELS, SIGMA_SHARE, write_model

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.camera import CameraModel

#: Frames of the two cameras.
DEPTH_FRAME, COLOR_FRAME = 'depth_optical', 'color_optical'


def boxes(seed: int) -> tuple[F32, U8]:
    """Return depth (120, 160) with boxes before a wall, and which box is where, 0 the wall."""
    rng = np.random.default_rng(seed)
    number = np.zeros((120, 160), np.uint8)
    depth = np.full(number.shape, 3.0, np.float32)
    for box in range(1, 13):
        top, left = rng.integers(4, 90), rng.integers(4, 130)
        height, width = rng.integers(12, 26, 2)
        number[top : top + height, left : left + width] = box
        depth[top : top + height, left : left + width] = 1 + 0.1 * box
    return depth, number


def tiny_models(folder: Path) -> dict[str, Any]:
    """Return the parameters of a node with two tiny models, x2."""
    return {
        'engine': 'onnxruntime',
        'scale': 0,
        'model': str(write_model(folder / 'plain.onnx')),
        'guided_model': str(write_model(folder / 'guided.onnx', guided=True)),
        'bounded': False,
    }


def grey(level: int = 100, height: int = 36, width: int = 48) -> U8:
    """Return a colour image of one colour (H, W, 3)."""
    return np.full((height, width, 3), level, np.uint8)


def color_image(rgb: U8, stamp_s: float, frame_id: str = COLOR_FRAME) -> Image:
    """Return a colour message, rgb8."""
    height, width = rgb.shape[:2]
    msg = Image(height=height, width=width, encoding='rgb8', step=3 * width)
    msg.data.frombytes(np.ascontiguousarray(rgb).tobytes())
    set_header(msg, stamp_s, frame_id)
    return msg


def shown(sigma: Any) -> Any:
    """Return what a guided model was shown of grey images, as a level: 0 where unseen, (H, W)."""
    return np.rint(255 * pixels(sigma) / sum(CHANNELS))


class GuidedGraph(Graph):
    """A graph with colour; the user publishes it, from a camera of its own."""

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.advertise_color()
        self.sigmas = self.listen(Image, 'superres/sigma')

    def advertise_color(self) -> None:
        """Publish the colour topics."""
        self.color = self.user.create_publisher(Image, 'rgb/image_raw', 5)
        self.color_info = self.user.create_publisher(CameraInfo, 'rgb/camera_info', 5)

    def link(self, right: float = 0.0) -> None:
        """Tell the node where the colour camera is, as /tf_static would; to the right [m]."""
        stamped = TransformStamped(child_frame_id=COLOR_FRAME)
        stamped.header.frame_id = DEPTH_FRAME
        stamped.transform.translation.x = right
        stamped.transform.rotation.w = 1.0
        # The wheels of ROS have no tf2_msgs.
        self.on_node(lambda: self.node._frames.take(SimpleNamespace(transforms=[stamped])))

    def show(
        self,
        rgb: U8,
        stamp: float,
        model: CameraModel | None = None,
        frame_id: str = COLOR_FRAME,
    ) -> None:
        """Send colour with its camera_info; by default of a camera at the place of depth's."""
        height, width = rgb.shape[:2]
        told = info(model or camera(height, width), stamp)
        told.header.frame_id = frame_id
        self.color_info.publish(told)
        self.color.publish(color_image(rgb, stamp, frame_id))

    def see(self, rgb: U8 | None, depth: F32 | None = None, **arguments: Any) -> float:
        """Send colour, where there is some, and then depth of the same stamp; return it [s]."""
        stamp = self.tick()
        if rgb is not None:
            self.show(rgb, stamp, **arguments)
        self.info.publish(info(camera(), stamp))
        self.depth.publish(image(wall() if depth is None else depth, stamp))
        return stamp

    def sigma_of(self, rgb: U8 | None, depth: F32 | None = None, **arguments: Any) -> Any:
        """Send a frame and return the sigma of what comes out."""
        stamp = self.see(rgb, depth, **arguments)
        return self.until(lambda: self.sigmas.at(stamp))

    def guided_sigma(self, rgb: U8, depth: F32 | None = None, **arguments: Any) -> Any:
        """Send frames until colour has come in time for one; return the sigma of that."""

        def guided() -> Any:
            sigma = self.sigma_of(rgb, depth, **arguments)
            return sigma if self.is_guided(sigma, depth) else None

        return self.until(guided)

    def is_guided(self, sigma: Any, depth: F32 | None = None) -> bool:
        """Tell whether this sigma is of the guided model; of no other, then."""
        depth = wall() if depth is None else depth
        plain = SIGMA_SHARE * depth.repeat(2, 0).repeat(2, 1)
        found = pixels(sigma)
        return not np.allclose(found, plain, atol=1e-4, equal_nan=True)

    def begin(self, rgb: U8 | None = None, **arguments: Any) -> None:
        """Send frames until so many in a row have had colour that what was said before is over."""
        rgb = grey() if rgb is None else rgb
        row = 0

        def lasting() -> bool:
            nonlocal row
            stamp = self.see(rgb, **arguments)
            sigma = self.until(lambda: self.sigmas.at(stamp), 0.5, strict=False)
            row = row + 1 if sigma is not None and self.is_guided(sigma) else 0
            return row > 10

        self.until(lasting)

    def times_said(self, *parts: str) -> int:
        """Return how many messages of the node hold all these parts."""
        return sum(all(part in m.msg for part in parts) for m in self.log)
