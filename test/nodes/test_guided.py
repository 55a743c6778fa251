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
"""Colour at run time, over real DDS: registered, fresh, or done without."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from graph import camera, image, info, pixels, wall
from guided_graph import (
    COLOR_FRAME,
    GuidedGraph,
    boxes,
    color_image,
    grey,
    shown,
    tiny_models,
)
from sensor_msgs.msg import Image, PointCloud2
from tiny_model import CHANNELS, write_model

from cdst_ros.nodes import choice, color_source, registration_check
from cdst_ros.superres.contract import ORIGIN_KEY
from cdst_ros.superres.engine import EngineError
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.frame import SuperResolution
from cdst_ros.synthetic.camera import SyntheticCamera


@pytest.fixture
def models(tmp_path):
    return tiny_models(tmp_path)


@pytest.fixture
def graph(make_graph, models):
    made = make_graph(kind=GuidedGraph, **models)
    made.link()
    return made


def values(graph):
    return {v.key: v.value for v in graph.status().values}


def test_colour_of_another_camera_is_brought_onto_the_output(make_graph, models):
    graph = make_graph(kind=GuidedGraph, **models)
    graph.link(right=0.05)
    z, depth = 1.25, np.full((24, 32), 1.25, np.float32)
    # Red grows to the right and green downwards, by 2 a pixel of a camera that is wider and finer.
    v, u = np.mgrid[:60, :100]
    rgb = np.stack([20 + 2 * u, 20 + 2 * v, 0 * u], axis=-1).astype(np.uint8)
    theirs = replace(camera(60, 100), k=(70.0, 0, 48.0, 0, 72.0, 28.0, 0, 0, 1), p=(0.0,) * 12)
    graph.begin(rgb, model=theirs)
    found = pixels(graph.guided_sigma(rgb, depth, model=theirs))
    # By hand: where each output pixel looks, and where that is in the colour image.
    rows, columns = np.mgrid[:48, :64]
    x = ((columns + 0.5) / 2 - 0.5 - 16) / 32 * z - 0.05
    y = ((rows + 0.5) / 2 - 0.5 - 12) / 32 * z
    at_u, at_v = 70 * x / z + 48, 72 * y / z + 28
    expected = CHANNELS[0] * (20 + 2 * at_u) + CHANNELS[1] * (20 + 2 * at_v) + CHANNELS[2] * 1
    inner = np.s_[2:-2, 2:-2]
    assert (at_u > 1).all(), 'it looks that far'
    np.testing.assert_allclose(255 * found[inner], expected[inner], atol=2.5)
    assert graph.times_said('no colour') == graph.times_said('no colour', 'nobody publishes')


def test_what_is_unseen_is_0_and_what_is_black_is_1(graph):
    graph.link(right=0.1)
    depth = wall()
    depth[6:12, 8:16] = np.nan
    black = grey(0)
    graph.begin(black)
    found = shown(graph.guided_sigma(black, depth))
    known = ~np.isnan(depth)
    assert (np.isnan(found) | (found <= 1)).all()
    assert (found[26:, 10:] == 1).all(), 'black'
    # x = u - 0.1 * 32 / z: what is left of that is not in the colour image.
    assert (found[26:, :3] == 0).all(), 'outside'
    assert known.any()


def test_one_frame_for_all_needs_no_transform(make_graph, models):
    graph = make_graph(kind=GuidedGraph, **models)
    graph.begin(frame_id='depth_optical')
    assert (shown(graph.guided_sigma(grey(77), frame_id='depth_optical')) == 77).all()


def test_colour_on_the_grid_is_taken_to_the_bit(graph):
    rng = np.random.default_rng(0)
    rgb = rng.integers(1, 255, (48, 64, 3)).astype(np.uint8)
    on_grid = camera().scaled(2, graph.node._slot.info.alignment)
    graph.begin(rgb, model=on_grid)
    found = pixels(graph.guided_sigma(rgb, model=on_grid))
    np.testing.assert_allclose(255 * found, rgb @ np.array(CHANNELS), rtol=1e-5)


def wrong_size(graph, stamp):
    graph.show(grey(), stamp, model=camera(24, 32))


def unknown_frame(graph, stamp):
    graph.show(grey(), stamp, frame_id='elsewhere')


def stale(graph, stamp):
    graph.show(grey(), stamp - 0.05)


def without_info(graph, stamp):
    graph.color.publish(color_image(grey(), stamp))


def not_readable(graph, stamp):
    msg = color_image(grey(), stamp)
    msg.encoding = 'bayer_rggb8'
    told = info(camera(36, 48), stamp)
    told.header.frame_id = COLOR_FRAME
    graph.color_info.publish(told)
    graph.color.publish(msg)


def cut_short(graph, stamp):
    msg = color_image(grey(), stamp)
    msg.data = msg.data[:100]
    told = info(camera(36, 48), stamp)
    told.header.frame_id = COLOR_FRAME
    graph.color_info.publish(told)
    graph.color.publish(msg)


def uncalibrated(graph, stamp):
    graph.show(grey(), stamp, model=replace(camera(36, 48), k=(0.0,) * 9, p=(0.0,) * 12))


def of_an_odd_lens(graph, stamp):
    lens = replace(camera(36, 48), distortion_model='cubic', d=(0.1, 0.0, 0.0, 0.0))
    graph.show(grey(), stamp, model=lens)


def nothing(graph, stamp):
    """Colour has stopped."""


@pytest.mark.parametrize(
    ('bad', 'kind', 'said'),
    [
        (wrong_size, 'not registered', ['colour is 48x36, its camera 32x24']),
        (unknown_frame, 'frame unknown', ['how depth_optical lies to elsewhere is not known']),
        (stale, 'not fresh', ['color_tolerance is 0.02 s']),
        (without_info, 'not fresh', ['rgb/image_raw']),
        (not_readable, 'not readable', ['bayer_rggb8', 'set the driver to rgb8']),
        (cut_short, 'not readable', ['is not whole']),
        (uncalibrated, 'not registered', ['the camera of colour is uncalibrated']),
        (of_an_odd_lens, 'not registered', ['only plumb_bob']),
        (nothing, 'not fresh', ['rgb/image_raw']),
    ],
)
def test_frames_without_usable_colour_go_through_the_other_model(graph, bad, kind, said):
    graph.begin()
    before = graph.times_said('no colour')
    for _ in range(5):
        stamp = graph.tick()
        bad(graph, stamp)
        graph.info.publish(info(camera(), stamp))
        graph.depth.publish(image(wall(), stamp))
        assert not graph.is_guided(graph.until(lambda at=stamp: graph.sigmas.at(at)))
    graph.until(lambda: graph.said('no colour', *said, 'Depth alone is used, by plain'))
    assert graph.times_said('no colour') == before + 1, 'once, not for every frame'
    status = graph.status()
    found = {v.key: v.value for v in status.values}
    assert int(found[f'without colour: {kind}']) >= 5
    assert said[0] in found['colour is not used']
    assert status.level == b'\1'
    assert f'frames lately without colour: {kind}' in status.message
    # Colour is back: that is said once, too, when it has lasted.
    back = graph.times_said('colour is used again')
    graph.begin(grey(50))
    assert (shown(graph.guided_sigma(grey(50))) == 50).all()
    graph.until(lambda: graph.times_said('colour is used again') == back + 1)
    assert 'colour is not used' not in values(graph)


def test_nobody_publishes_colour(make_graph, models):
    graph = make_graph(kind=GuidedGraph, **models)
    graph.user.destroy_publisher(graph.color)
    graph.user.destroy_publisher(graph.color_info)
    graph.flow()
    for _ in range(8):
        assert not graph.is_guided(graph.sigma_of(None))
    graph.until(lambda: graph.said('no colour: nobody publishes', 'remap rgb/image_raw'))
    assert graph.times_said('no colour') == 1
    graph.advertise_color()
    graph.link()
    graph.begin()


def test_a_frame_waits_for_its_colour_and_no_longer(graph):
    assert graph.set(color_tolerance=0.4).successful
    graph.begin()

    def late():
        """Send colour behind depth, as of a large topic that is on its way."""
        stamp = graph.see(None)
        graph.show(grey(60), stamp)
        return (shown(graph.until(lambda: graph.sigmas.at(stamp))) == 60).all()

    graph.until(late)
    # It never comes: the frame goes on by itself, with the nearest there is.
    assert (shown(graph.sigma_of(None)) == 60).all()
    assert graph.set(color_tolerance=0.02).successful
    graph.begin()
    assert not graph.is_guided(graph.sigma_of(None))


def test_the_nearest_of_a_faster_camera_is_taken(graph):
    graph.begin()

    def nearest():
        began = graph.clock_s
        for level in (20, 40, 60, 80):
            graph.show(grey(level), began + level / 1000)
        stamp = graph.clock_s = round(began + 0.058, 3)
        graph.info.publish(info(camera(), stamp))
        graph.depth.publish(image(wall(), stamp))
        graph.clock_s = round(began + 0.08, 3)
        sigma = graph.until(lambda: graph.sigmas.at(stamp))
        return (shown(sigma) == 60).all()

    graph.until(nearest)


def test_depth_that_comes_long_after_its_stamp_finds_its_colour(graph):
    """Stereo takes its time, and colour of a fast camera runs ahead."""
    graph.begin()
    began, source = graph.clock_s, graph.node._source._color

    def come(stamp):
        return any(shot.stamp == round(stamp * 1e9) for shot in source._shots)

    for number in range(12):
        stamp = round(began + (number + 1) / 50, 3)
        graph.show(grey(20 + 5 * number), stamp)
        graph.until(lambda at=stamp: come(at))
    stamp = round(began + 4 / 50, 3)
    graph.info.publish(info(camera(), stamp))
    graph.depth.publish(image(wall(), stamp))
    sigma = graph.until(lambda: graph.sigmas.at(stamp))
    assert (shown(sigma) == 35).all()


def test_colour_of_a_frame_is_kept_until_its_turn(graph):
    """However long the model is busy with the frame before."""
    graph.begin()
    stamp = graph.see(grey(33))
    graph.until(lambda: graph.sigmas.at(stamp))
    header, source = image(wall(), stamp).header, graph.node._source._color
    find = graph.on_node(lambda: source.finder(header))

    def passed():
        graph.see(grey(44))
        return source._shots[0].stamp > round(stamp * 1e9)

    graph.until(passed)
    assert (np.asarray(find().image.data) == 33).all()


def test_what_is_kept_of_colour_is_bounded(graph, monkeypatch):
    size = grey().nbytes
    monkeypatch.setattr(color_source, '_KEPT_BYTES', 6 * size)
    graph.begin()
    source = graph.node._source._color
    for _ in range(8):
        graph.sigma_of(grey(44))
    assert len(source._shots) <= 6
    monkeypatch.setattr(color_source, '_KEPT_BYTES', size)
    graph.until(lambda: bool(graph.see(grey(44))) and len(source._shots) == 4)


def test_colour_that_lies_beside_depth_is_refused_until_it_does_not(
    make_graph, models, monkeypatch
):
    monkeypatch.setattr(registration_check, 'PERIOD_S', 0.0)
    graph = make_graph(kind=GuidedGraph, **models)
    graph.link()
    rng = np.random.default_rng(0)
    palette = rng.integers(20, 255, (13, 3)).astype(np.uint8)
    seeds = iter(range(10_000))

    def send(beside):
        depth, number = boxes(next(seeds))
        rgb = palette[np.roll(number, beside, axis=1)].repeat(2, 0).repeat(2, 1)
        model = camera(120, 160)
        stamp = graph.tick()
        graph.show(rgb, stamp, model=model.scaled(2, graph.node._slot.info.alignment))
        graph.info.publish(info(model, stamp))
        graph.depth.publish(image(depth, stamp))
        sigma = graph.until(lambda: graph.sigmas.at(stamp))
        return graph.is_guided(sigma, depth)

    graph.flow(boxes(next(seeds))[0], camera(120, 160))  # what is sent before it hears is lost

    def measured():
        said = values(graph)['colour lies beside depth by [px]']
        return None if said == 'not known' else float(said)

    # Looking is slow on a busy machine, for it gives way to everything else.
    patience_s = 120.0
    graph.until(lambda: send(0) and measured() is not None, patience_s)
    assert measured() < 0.6
    graph.until(lambda: send(0))
    graph.until(
        lambda: not send(2) and graph.said('no colour', 'to the right', 'extrinsics'), patience_s
    )
    assert not send(2)
    assert measured() == pytest.approx(4.0, abs=0.6)
    graph.until(lambda: send(0), patience_s)
    graph.until(lambda: send(0) and graph.said('colour is used again'), patience_s)
    assert graph.times_said('no colour', 'to the right') == 1


def test_a_guided_model_that_breaks_is_done_without(make_graph, models, monkeypatch):
    broken = []

    class Fragile:
        def __init__(self, real):
            self.real, self.info = real, real.info

        def infer(self, depth, valid, rgb=None):
            if broken:
                raise EngineError('it has come apart')
            return self.real.infer(depth, valid, rgb)

        def close(self):
            self.real.close()

    def fragile(*args, **arguments):
        opened = open_engine(*args, **arguments)
        return Fragile(opened) if opened.info.guided else opened

    monkeypatch.setattr(choice, 'open_engine', fragile)
    graph = make_graph(kind=GuidedGraph, **models)
    graph.link()
    graph.begin()
    broken.append(True)
    assert not graph.is_guided(graph.sigma_of(grey()))
    graph.until(lambda: graph.said('it has come apart', 'Depth alone is used'))
    broken.clear()
    graph.begin()


def test_a_guided_model_alone_does_without_colour_itself(make_graph, models):
    models['model'] = models.pop('guided_model')
    graph = make_graph(kind=GuidedGraph, **models)
    graph.link()
    graph.begin()

    def sees_colour():
        return (shown(graph.sigma_of(grey(60))) == 60).all()

    graph.until(sees_colour)
    assert not pixels(graph.sigma_of(None)).any()
    graph.until(lambda: graph.said('no colour', 'Depth alone is used, by guided'))


def test_diagnostics_name_the_guided_model_and_count(graph):
    graph.begin()
    found = values(graph)
    assert found['guided model'] == 'guided on onnxruntime'
    assert found['colour'].endswith('/rgb/image_raw')
    assert int(found['with colour']) >= 1
    assert 'p50' in found['colour [ms]']
    graph.until(lambda: graph.said('plain on onnxruntime', 'and with colour guided on'))


@pytest.mark.parametrize('begun', ['with it', 'with another', 'anew', 'nobody tells'])
def test_two_networks_in_turn_are_accepted_and_said(make_graph, models, begun):
    plain, guided = Path(models['model']), Path(models['guided_model'])
    own = hashlib.sha256(plain.read_bytes()).hexdigest()
    start = {'name': 'other', 'sha256': own if begun == 'with it' else 'f00'}
    origin = {'config': {}, **({'start': start} if begun.startswith('with') else {})}
    if begun != 'nobody tells':
        model = onnx.load(guided)
        model.metadata_props.add(key=ORIGIN_KEY, value=json.dumps(origin))
        onnx.save(model, guided)
    graph = make_graph(kind=GuidedGraph, **models)
    graph.link()
    told = {'with another': 'begins with other', 'anew': 'of its own'}.get(begun, '')
    if told:
        graph.until(lambda: graph.said('in turn. Give as model', told))
    graph.begin()
    assert bool(graph.said('in turn. Give as model')) == bool(told)


def test_the_shipped_pair_guides_frames_with_colour_and_enlarges_the_others(make_graph):
    frame = SyntheticCamera(3, 32, 24, scale=4, frames=1).frame(0)
    due = {
        name: SuperResolution(open_engine(name, 'onnxruntime'))(frame.depth, rgb).sigma.copy()
        for name, rgb in (('lite_x4', None), ('guided_x4', np.maximum(frame.color, 1)))
    }
    names = {'model': 'lite_x4', 'guided_model': 'guided_x4'}
    graph = make_graph(kind=GuidedGraph, engine='onnxruntime', scale=0, **names)
    graph.link()
    graph.flow()  # what is sent before the node hears it is lost
    on_grid = camera().scaled(4, graph.node._slot.info.alignment)

    def of(rgb):
        found = pixels(graph.sigma_of(rgb, frame.depth, model=on_grid))
        return [n for n in due if np.allclose(found, due[n], rtol=1e-3, equal_nan=True)]

    graph.until(lambda: of(frame.color) == ['guided_x4'])
    assert of(None) == ['lite_x4']
    graph.until(lambda: of(frame.color) == ['guided_x4'])
    assert not graph.said('in turn. Give as model')


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'guided_model': 'PLAIN'}, 'takes no colour'),
        ({'guided_model': 'X3'}, 'one output grid'),
        ({'guided_model': 'nowhere'}, 'nowhere is neither'),
        ({'engine': 'joint_bilateral', 'scale': 2}, 'takes colour itself'),
        ({'model': 'GUIDED'}, 'takes colour itself'),
    ],
)
def test_models_that_do_not_go_together_are_refused(make_graph, models, tmp_path, change, said):
    named = {
        'PLAIN': models['model'],
        'GUIDED': models['guided_model'],
        'X3': str(write_model(tmp_path / 'x3.onnx', scale=3, guided=True)),
    }
    values = {**models, **{key: named.get(value, value) for key, value in change.items()}}
    graph = make_graph(kind=GuidedGraph, start=False, **values)
    assert not graph.on_node(graph.node.start)
    graph.until(lambda: graph.said('cannot configure', said))


def test_the_guided_model_comes_and_goes_while_frames_flow(make_graph, models, tmp_path):
    guided = models.pop('guided_model')
    graph = make_graph(kind=GuidedGraph, **models)
    graph.link()
    graph.flow()
    assert not graph.is_guided(graph.sigma_of(None))
    assert graph.user.count_subscribers('rgb/image_raw') == 0
    assert graph.set(guided_model=guided).successful
    graph.begin()
    wrong = write_model(tmp_path / 'x3.onnx', scale=3, guided=True)
    refused = graph.set(guided_model=str(wrong))
    assert not refused.successful
    assert 'one output grid' in refused.reason
    # One that cannot be built leaves what there is, and the parameter says so.
    broken = write_model(tmp_path / 'broken.onnx', guided=True, operator='Resise')
    assert graph.set(guided_model=str(broken)).successful
    graph.until(lambda: graph.said('no change of engine', 'goes on'))
    graph.until(lambda: graph.node.get_parameter('guided_model').value == guided)
    graph.begin()
    assert graph.set(guided_model='').successful
    graph.until(lambda: graph.user.count_subscribers('rgb/image_raw') == 0)
    assert not graph.is_guided(graph.sigma_of(grey()))


def test_colour_is_subscribed_to_while_it_is_of_use(make_graph, models, tmp_path):
    del models['guided_model']
    graph = make_graph(kind=GuidedGraph, **models)
    graph.flow()
    assert graph.user.count_subscribers('rgb/image_raw') == 0
    listener = graph.user.create_subscription(PointCloud2, 'depth_hr/points', lambda msg: None, 5)
    graph.until(lambda: graph.user.count_subscribers('rgb/image_raw') == 1)
    graph.user.destroy_subscription(listener)
    graph.until(lambda: graph.user.count_subscribers('rgb/image_raw') == 0)
    graph.images = graph.listen(Image, 'depth_hr/image_raw')
    graph.settle()
