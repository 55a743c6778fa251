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
"""Clouds, over real DDS, against back-projection by hand."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from graph import camera, image, info, pixels, wall
from guided_graph import GuidedGraph, grey, tiny_models
from sensor_msgs.msg import Image, PointCloud2, PointField

from cdst_ros.nodes.cloud import CloudMaker

HEIGHT, WIDTH = 24, 32


def points_of(msg):
    """Return the fields of a cloud by name, (height, width), as its message declares them."""
    assert msg.is_bigendian == (sys.byteorder == 'big')
    assert len(msg.data) == msg.row_step * msg.height
    assert msg.row_step == msg.point_step * msg.width
    data = np.frombuffer(msg.data, np.uint8).reshape(msg.height, msg.width, msg.point_step)
    found = {}
    for field in msg.fields:
        assert (field.datatype, field.count) == (PointField.FLOAT32, 1)
        raw = np.ascontiguousarray(data[..., field.offset : field.offset + 4])
        found[field.name] = raw.view(np.uint32 if field.name == 'rgb' else np.float32)[..., 0]
    return found


@pytest.fixture
def make_cloudy(make_graph):
    """Return what makes a graph whose user listens to clouds, too."""

    def make(**parameters):
        values = {'engine': 'nearest', 'output_encoding': '32FC1', 'cloud_rate': 1000.0}
        graph = make_graph(kind=GuidedGraph, **{**values, **parameters})
        graph.link()
        graph.clouds = graph.listen(PointCloud2, 'depth_hr/points')
        graph.images = graph.listen(Image, 'depth_hr/image_raw')
        return graph

    return make


def cloud_and_image(graph, rgb=None, depth=None, accept=lambda cloud: True, **arguments):
    """Send frames until one has become a cloud that is accepted; return it, and its image."""

    def both():
        stamp = graph.see(rgb, depth, **arguments)
        graph.until(lambda: graph.clouds.at(stamp) and graph.images.at(stamp), 0.5, strict=False)
        cloud = graph.clouds.at(stamp)
        return (cloud, graph.images.at(stamp)) if cloud and accept(cloud) else None

    return graph.until(both)


def is_colored(cloud):
    return [field.name for field in cloud.fields] == ['x', 'y', 'z', 'rgb']


@pytest.mark.parametrize('stride', [1, 2, 5])
def test_points_are_those_of_the_enlarged_image(make_cloudy, stride):
    graph = make_cloudy(cloud_stride=stride)
    depth = wall()
    depth[3:9, 4:11] = np.nan
    cloud, hr = cloud_and_image(graph, depth=depth)
    assert cloud.header == hr.header
    assert [field.name for field in cloud.fields] == ['x', 'y', 'z']
    assert not cloud.is_dense
    found = points_of(cloud)
    z = pixels(hr)[::stride, ::stride]
    # By hand: the camera of wall() has f = 32 and its centre at (16, 12), of half-pixel x2.
    v, u = np.mgrid[: 2 * HEIGHT : stride, : 2 * WIDTH : stride]
    assert found['z'].shape == z.shape == u.shape
    np.testing.assert_array_equal(found['z'], z)
    np.testing.assert_allclose(found['x'], (u - 32.5) / 64 * z, atol=1e-6)
    np.testing.assert_allclose(found['y'], (v - 24.5) / 64 * z, atol=1e-6)
    assert np.isnan(z).any()
    assert (np.isnan(found['x']) == np.isnan(z)).all()


def test_depth_of_a_lens_that_bends_is_said_once_where_points_are_made_of_it(make_cloudy):
    graph = make_cloudy()
    lens = replace(camera(), d=(-0.2, 0.02, 0.0, 0.0, 0.0))

    def see():
        stamp = graph.tick()
        graph.info.publish(info(lens, stamp))
        graph.depth.publish(image(wall(), stamp))
        graph.until(lambda: graph.clouds.at(stamp), 0.5, strict=False)
        return len(graph.clouds.messages) >= 3

    graph.until(see)
    assert graph.times_said('the lens of the depth camera bends') == 1


@pytest.mark.parametrize('guided', [False, True])
def test_points_have_the_colour_that_is_seen_there(make_cloudy, tmp_path, guided):
    models = tiny_models(tmp_path) if guided else {}
    graph = make_cloudy(**models, cloud_stride=3)
    graph.link(right=0.05)
    z = 1.25
    v, u = np.mgrid[:60, :100]
    rgb = np.stack([250 - 2 * u, 20 + 2 * v, 99 + 0 * u], axis=-1).astype(np.uint8)
    theirs = replace(camera(60, 100), k=(70.0, 0, 48.0, 0, 72.0, 28.0, 0, 0, 1), p=(0.0,) * 12)
    depth = np.full((HEIGHT, WIDTH), z, np.float32)
    depth[10:14, 10:14] = np.nan
    cloud, _ = cloud_and_image(graph, rgb, depth, is_colored, model=theirs)
    assert cloud.point_step == 16
    found = points_of(cloud)
    # By hand: each point, as the colour camera 5 cm to the right sees it.
    at_u, at_v = 70 * (found['x'] - 0.05) / z + 48, 72 * found['y'] / z + 28
    known = ~np.isnan(found['z'])
    inner = known & (at_u > 1) & (at_u < 98) & (at_v > 1) & (at_v < 58)
    assert inner.sum() > 200
    red, green, blue = (found['rgb'] >> shift & 255 for shift in (16, 8, 0))
    np.testing.assert_allclose(red[inner], (250 - 2 * at_u)[inner], atol=1.1)
    np.testing.assert_allclose(green[inner], (20 + 2 * at_v)[inner], atol=1.1)
    assert (blue[inner] == 99).all()
    assert not found['rgb'][~known].any()


def test_no_colour_no_rgb_and_it_comes_back(make_cloudy):
    graph = make_cloudy()
    cloud_and_image(graph, grey(), accept=is_colored)
    cloud, _ = cloud_and_image(graph, None, accept=lambda cloud: not is_colored(cloud))
    assert np.isfinite(points_of(cloud)['x']).all()
    graph.until(lambda: graph.said('no colour', 'depth_hr/points is without it'))
    cloud_and_image(graph, grey(), accept=is_colored)

    def said():
        # Without colour for this reason, and not because it came too late.
        other = {'model': camera(24, 32), 'accept': lambda cloud: not is_colored(cloud)}
        cloud_and_image(graph, grey(), **other)
        return graph.said('colour is 48x36, its camera 32x24', 'cloud has no colour')

    graph.until(said)


def test_a_robot_without_colour_is_not_told_so(make_cloudy):
    graph = make_cloudy()
    graph.user.destroy_publisher(graph.color)
    graph.user.destroy_publisher(graph.color_info)
    for _ in range(5):
        cloud_and_image(graph)
    graph.status()
    assert not graph.said('no colour')


def test_clouds_come_at_the_rate_at_most_and_frames_all(make_cloudy):
    graph = make_cloudy(cloud_rate=2.0)
    cloud_and_image(graph)
    began, clouds, frames = time.monotonic(), len(graph.clouds.messages), 0
    while time.monotonic() - began < 2.0:
        stamp = graph.see(None)
        graph.until(lambda at=stamp: graph.images.at(at))
        frames += 1
    made = len(graph.clouds.messages) - clouds
    assert 2 <= made <= 2 * (time.monotonic() - began) + 2
    assert frames > made
    values = {v.key: v.value for v in graph.status().values}
    assert 'p50' in values['cloud [ms]']


def test_no_cloud_is_made_for_nobody(make_graph, monkeypatch):
    monkeypatch.setattr(CloudMaker, 'order', lambda *_: pytest.fail('nobody listens'))
    graph = make_graph()
    graph.flow()
    graph.exchange()


def test_a_listener_to_clouds_alone_is_served(make_graph):
    graph = make_graph(kind=GuidedGraph)
    graph.clouds = graph.listen(PointCloud2, 'depth_hr/points')
    graph.until(lambda: graph.clouds.at(graph.see(None)) or graph.clouds.messages)


def test_an_uncalibrated_camera_gives_no_cloud_and_says_so(make_cloudy):
    graph = make_cloudy()
    blind = replace(camera(), k=(0.0,) * 9, p=(0.0,) * 12)

    def told():
        stamp = graph.tick()
        graph.info.publish(info(blind, stamp))
        graph.depth.publish(image(wall(), stamp))
        graph.until(lambda: graph.images.at(stamp), 0.5, strict=False)
        return graph.said('depth_hr/points', 'uncalibrated camera', 'no cloud is made')

    graph.until(told)
    assert not graph.clouds.messages
    cloud_and_image(graph)


def test_it_reads_as_ros_itself_reads_it(make_cloudy):
    point_cloud2 = pytest.importorskip(
        'sensor_msgs_py.point_cloud2', reason='the wheels of ROS have no sensor_msgs_py'
    )
    graph = make_cloudy()
    cloud, hr = cloud_and_image(graph, grey(), accept=is_colored)
    read = point_cloud2.read_points(cloud, field_names=('x', 'y', 'z', 'rgb'))
    np.testing.assert_array_equal(read['z'].ravel(), pixels(hr)[::2, ::2].ravel())
