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
"""The superres node over DDS: what comes out, and when."""

from __future__ import annotations

import numpy as np
import pytest
from graph import camera, image, info, pixels, set_header, wall
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from tiny_model import SIGMA_SHARE, write_model

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.compressed import decode_compressed, encode_compressed, fill_compressed
from cdst_ros.depth.grid import GridAlignment


def test_enlarges_with_stamp_frame_and_camera(make_graph):
    graph = make_graph()
    graph.flow()
    out = graph.exchange()
    stamp = graph.clock_s
    assert (out.height, out.width, out.encoding) == (48, 64, '16UC1')
    assert out.header.frame_id == 'depth_optical'
    graph.until(lambda: graph.infos.at(stamp))
    found = CameraModel.from_message(graph.infos.at(stamp))
    expected = camera().scaled(2, GridAlignment.HALF_PIXEL)
    assert found == expected
    assert graph.infos.at(stamp).header == out.header


def test_16uc1_is_millimetres_and_32fc1_metres_with_nan(make_graph):
    depth = wall()
    depth[8:14, 10:20] = np.nan
    graph = make_graph()
    graph.flow(depth)
    millimetres = pixels(graph.exchange(depth))
    assert graph.set(output_encoding='32FC1').successful
    graph.until(lambda: graph.exchange(depth).encoding == '32FC1')
    metres = pixels(graph.exchange(depth))
    hole = np.isnan(metres)
    assert hole[18:26, 24:36].all()
    np.testing.assert_array_equal(millimetres == 0, hole)
    np.testing.assert_allclose(millimetres[~hole], 1000 * metres[~hole], atol=0.51)


def test_size_may_change_and_be_odd(make_graph):
    graph = make_graph()
    graph.flow()
    out = graph.exchange(wall(15, 7), camera(15, 7))
    assert (out.height, out.width) == (30, 14)
    graph.until(lambda: graph.infos.at(graph.clock_s))
    assert graph.infos.at(graph.clock_s).width == 14
    out = graph.exchange()
    assert (out.height, out.width) == (48, 64)


def test_float_input_in_metres(make_graph):
    graph = make_graph(output_encoding='32FC1', engine='nearest')
    graph.flow()
    stamp = graph.tick()
    graph.info.publish(info(camera(), stamp))
    graph.depth.publish(image(wall(), stamp, '32FC1'))
    out = graph.until(lambda: graph.images.at(stamp))
    np.testing.assert_array_equal(pixels(out)[::2, ::2], wall())


def test_depth_scale_is_metres_a_unit(make_graph):
    graph = make_graph(depth_scale=0.0001, output_encoding='32FC1', engine='nearest')
    graph.flow()
    np.testing.assert_allclose(pixels(graph.exchange())[::2, ::2], wall() / 10, atol=1e-4)


def test_binned_camera_info_is_reduced_first(make_graph):
    graph = make_graph()
    full = camera(48, 64)
    graph.flow()
    stamp = graph.tick()
    msg = info(full, stamp)
    msg.binning_x = msg.binning_y = 2
    graph.info.publish(msg)
    graph.depth.publish(image(wall(), stamp))
    out = graph.until(lambda: graph.infos.at(stamp))
    assert (out.width, out.height, out.binning_x) == (64, 48, 0)
    reduced = CameraModel.from_message(msg).reduced()
    expected = reduced.scaled(2, GridAlignment.HALF_PIXEL)
    assert CameraModel.from_message(out) == expected


def test_reads_compressed_depth(make_graph):
    graph = make_graph(input_transport='compressedDepth')
    graph.listen(Image, 'depth_hr/image_raw')
    publisher = graph.user.create_publisher(CompressedImage, 'depth/image_raw/compressedDepth', 5)
    images = graph.listen(Image, 'depth_hr/image_raw')

    def through():
        stamp = graph.tick()
        msg = CompressedImage()
        fill_compressed(msg, *encode_compressed(wall(), '16UC1'))
        set_header(msg, stamp)
        publisher.publish(msg)
        return graph.until(lambda: images.at(stamp), 0.3, strict=False)

    out = graph.until(through)
    assert (out.height, out.width) == (48, 64)
    # Back to raw while it runs: the other topic is taken up.
    assert graph.set(input_transport='raw').successful
    graph.images = images
    graph.infos = graph.listen(CameraInfo, 'depth_hr/camera_info')
    graph.settle()


def test_compressed_output_holds_the_same_depth(make_graph):
    graph = make_graph()
    compressed = graph.listen(CompressedImage, 'depth_hr/image_raw/compressedDepth')
    graph.flow()
    out = graph.exchange()
    msg = graph.until(lambda: compressed.at(graph.clock_s))
    assert msg.format == '16UC1; compressedDepth png'
    np.testing.assert_allclose(decode_compressed(msg) * 1000, pixels(out), atol=1e-3)


def test_confidence_and_sigma_of_a_model(make_graph, tmp_path):
    path = write_model(tmp_path / 'tiny.onnx')
    depth = wall()
    depth[:6] = np.nan
    graph = make_graph(
        engine='onnxruntime', model=str(path), scale=0, output_encoding='32FC1', bounded=False
    )
    sigmas = graph.listen(Image, 'superres/sigma')
    confidences = graph.listen(Image, 'superres/confidence')
    graph.flow(depth)
    metres = pixels(graph.exchange(depth))
    sigma = pixels(graph.until(lambda: sigmas.at(graph.clock_s)))
    confidence = pixels(graph.until(lambda: confidences.at(graph.clock_s)))
    known = np.isfinite(metres)
    assert not known[:11].any()
    assert known[13:].all()
    np.testing.assert_allclose(sigma[known], SIGMA_SHARE * metres[known], rtol=1e-5)
    assert np.isnan(sigma[~known]).all()
    # The error is under 1 % of the depth, which is sigma itself, with 1 - 1/e.
    np.testing.assert_allclose(confidence[known], 1 - np.exp(-1), rtol=1e-4)
    assert (confidence[~known] == 0).all()


def test_max_sigma_makes_doubtful_depth_unknown(make_graph, tmp_path):
    path = write_model(tmp_path / 'tiny.onnx')
    graph = make_graph(
        engine='onnxruntime', model=str(path), scale=0, output_encoding='32FC1', max_sigma=0.0153
    )
    graph.flow()
    metres = pixels(graph.exchange())
    repeated = wall().repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(np.isnan(metres), repeated * SIGMA_SHARE > 0.0153)


def test_says_that_classical_engines_have_no_sigma(make_graph):
    graph = make_graph()
    graph.listen(Image, 'superres/confidence')
    graph.flow()
    graph.until(lambda: graph.said('superres/confidence', 'bicubic has no notion of its error'))


def test_an_engine_that_needs_colour_takes_no_frame_without(make_graph):
    graph = make_graph(engine='joint_bilateral')
    images = graph.listen(Image, 'depth_hr/image_raw')
    color = graph.user.create_publisher(Image, 'rgb/image_raw', 5)
    color_info = graph.user.create_publisher(CameraInfo, 'rgb/camera_info', 5)

    def send(width, declared):
        stamp = graph.tick()
        msg = Image(height=48, width=width, encoding='rgb8', step=width * 3)
        msg.data.frombytes(bytes(48 * width * 3))
        set_header(msg, stamp)
        graph.info.publish(info(camera(), stamp))
        graph.depth.publish(image(wall(), stamp))
        # It waits, for it is of no use without.
        color_info.publish(info(camera(48, declared), stamp))
        color.publish(msg)
        return graph.until(lambda: images.at(stamp), 0.3, strict=False)

    graph.until(lambda: send(64, 64))
    graph.until(lambda: send(80, 80))
    graph.until(lambda: send(64, 80) is None and graph.said('colour is 64x48, its camera 80x48'))
    graph.until(lambda: send(64, 64))
    # Without colour the frames are counted and the reason is told.
    graph.until(lambda: graph.send() and graph.said('joint_bilateral needs colour', 'color_toler'))
    graph.until(lambda: 'dropped lately: colour' in graph.status().message)


def remapped(*rules: str) -> list[str]:
    return [word for rule in rules for word in ('-r', rule)]


@pytest.mark.parametrize(
    ('rules', 'read', 'published'),
    [
        (
            ['depth/image_raw:=tof/image', 'depth_hr/image_raw:=sharp/image'],
            'tof/image/compressedDepth',
            'sharp/image/compressedDepth',
        ),
        (
            ['depth/image_raw:=tof/image', 'depth/image_raw/compressedDepth:=tof/small'],
            'tof/small',
            'depth_hr/image_raw/compressedDepth',
        ),
    ],
)
def test_compressed_topics_follow_their_images(make_graph, rules, read, published):
    graph = make_graph(cli_args=remapped(*rules), input_transport='compressedDepth', lazy=False)
    graph.until(lambda: graph.user.count_subscribers(read))
    graph.until(lambda: graph.user.count_publishers(published))


def test_a_scene_out_of_the_limits_is_told_with_them(make_graph):
    graph = make_graph(max_depth=0.5)
    graph.flow()
    assert not pixels(graph.exchange()).any()
    graph.until(lambda: graph.said('no pixel of this image is known', '0 to 0.5 m'))
