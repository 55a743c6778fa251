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

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from graph import camera, info, set_header
from sensor_msgs.msg import Image

from cdst_ros.nodes.color import NoColorError, Registrar, read_color
from cdst_ros.nodes.frame import Color


def colored(**changes):
    """Return colour of (10, 20, 30) everywhere, as a BGR message, with these fields changed."""
    msg = Image(height=24, width=32, encoding='bgr8', step=96)
    msg.data.frombytes(np.full((24, 32, 3), (30, 20, 10), np.uint8).tobytes())
    set_header(msg, 1.0)
    for name, value in changes.items():
        setattr(msg, name, value)
    return Color(msg, info(camera(), 1.0), np.eye(4), '/rgb/image_raw')


def test_colour_is_rgb_with_its_camera():
    found = read_color(colored())
    assert np.unique(found.pixels.reshape(-1, 3), axis=0).tolist() == [[10, 20, 30]]
    assert found.camera == camera()


@pytest.mark.parametrize(
    ('topic', 'bends'), [('/rgb/image_raw', True), ('/rgb/image_rect_color', False)]
)
def test_the_topic_tells_whether_distortion_is_in_the_image(topic, bends):
    lens = replace(camera(), d=(-0.2, 0.02, 0.0, 0.0, 0.0))
    found = read_color(colored()._replace(info=info(lens, 1.0), topic=topic))
    assert found.camera == (lens if bends else lens.rectified())


@pytest.mark.parametrize('change', [{'encoding': 'bayer_rggb8'}, {'step': 3}, {'width': 0}])
def test_colour_that_cannot_be_read_names_its_topic(change):
    with pytest.raises(NoColorError, match=r'^/rgb/image_raw: ') as refused:
        read_color(colored(**change))
    assert refused.value.kind == 'not readable'


def test_what_cameras_have_to_do_with_each_other_is_worked_out_once():
    registrar, color = Registrar(), read_color(colored())
    depth = np.full((24, 32), 2.0, np.float32)
    registrar.register(color, depth, camera(), 2)
    first = registrar._warp
    registrar.register(read_color(colored()), depth, camera(), 2)
    assert registrar._warp is first
    moved = np.eye(4)
    moved[0, 3] = 0.1
    for other, scale in (
        (color._replace(to_color=moved), 2),
        (color._replace(camera=replace(camera(), k=(31.0, 0, 16, 0, 31, 12, 0, 0, 1))), 2),
        (color, 4),
    ):
        rgb = registrar.register(other, depth, camera(), scale)
        assert rgb.shape == (24 * scale, 32 * scale, 3)
        assert registrar._warp is not first
        first = registrar._warp


def test_colour_that_cannot_be_registered_names_its_topic():
    with pytest.raises(NoColorError, match=r'^/rgb/image_raw: .*its camera 40x30') as refused:
        Registrar().register(
            read_color(colored())._replace(camera=camera(30, 40)),
            np.ones((24, 32), np.float32),
            camera(),
        )
    assert refused.value.kind == 'not registered'
