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
"""Another engine while the node runs."""

from __future__ import annotations

import os
import threading

import pytest
from graph import Graph
from tiny_model import write_model

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.nodes import choice, pipeline
from cdst_ros.superres.engine import EngineError
from cdst_ros.superres.engines import open_engine


class GatedEngine:
    """A real engine that waits at its gate before each frame."""

    def __init__(self, *args, **arguments):
        self.real = open_engine(*args, **arguments)
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = threading.Event()
        self.closed = False

    @property
    def info(self):
        return self.real.info

    def infer(self, depth, valid, rgb=None):
        self.waiting.set()
        assert self.gate.wait(30)
        return self.real.infer(depth, valid, rgb)

    def close(self):
        self.closed = True
        self.real.close()


@pytest.fixture
def engines(monkeypatch):
    """Return the engines that nodes open from now on, each with a gate."""
    opened: list[GatedEngine] = []

    def open_gated(*args, **arguments):
        opened.append(GatedEngine(*args, **arguments))
        return opened[-1]

    monkeypatch.setattr(choice, 'open_engine', open_gated)
    return opened


def engine_of(graph: Graph) -> str:
    return {v.key: v.value for v in graph.status().values}['engine']


def test_newest_frame_wins_and_the_others_are_counted(make_graph, engines):
    graph = make_graph()
    graph.flow()
    (engine,) = engines
    engine.gate.clear()
    engine.waiting.clear()
    first = graph.send()
    graph.until(engine.waiting.is_set)
    stamps = [graph.send() for _ in range(4)]
    # The node answers while the engine is busy: nothing is computed on its executor.
    graph.until(lambda: total_in(graph) >= 5)
    engine.gate.set()
    graph.until(lambda: graph.images.at(stamps[-1]))
    assert graph.images.at(first)
    assert [graph.images.at(s) for s in stamps[:-1]] == [None] * 3
    values = {v.key: v.value for v in graph.status().values}
    assert values['dropped: superseded'] == '3'


def total_in(graph: Graph) -> int:
    return int({v.key: v.value for v in graph.status().values}['frames in'])


@pytest.mark.parametrize(
    ('error', 'part'),
    [
        (EngineError('the device is gone'), 'the device is gone. The frame is dropped'),
        (ZeroDivisionError('nobody thought of it'), 'nobody thought of it'),
    ],
)
def test_an_engine_that_breaks_costs_the_frame(make_graph, engines, monkeypatch, error, part):
    graph = make_graph()
    graph.flow()

    def fail(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(engines[0], 'infer', fail)
        lost = graph.send()
        graph.until(lambda: graph.said(part))
    graph.exchange()
    assert not graph.images.at(lost)
    status = graph.status()
    assert '1 frames dropped lately: engine' in status.message


def test_what_nobody_foresaw_costs_the_frame_and_is_logged(make_graph, monkeypatch):
    graph = make_graph()
    graph.flow()

    def fail(*_):
        raise ZeroDivisionError('nobody thought of it')

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, 'encode', fail)
        lost = graph.send()
        graph.until(lambda: graph.said('Traceback', 'ZeroDivisionError: nobody thought of it'))
    graph.exchange()
    assert not graph.images.at(lost)


def test_swap_between_two_frames_misses_none(make_graph, engines):
    graph = make_graph()
    graph.flow()
    sent = [graph.send()]
    assert graph.set(engine='bilinear').successful
    while len(engines) < 2 or not engines[0].closed:
        graph.until(lambda: graph.images.at(sent[-1]))
        sent.append(graph.send())
    graph.until(lambda: graph.images.at(sent[-1]))
    assert all(graph.images.at(stamp) for stamp in sent)
    assert engine_of(graph) == 'bilinear'
    assert graph.said('bilinear', 'takes over with the next frame')
    assert not engines[1].closed


def test_old_engine_goes_on_while_the_new_one_is_built(make_graph, engines, monkeypatch):
    graph = make_graph()
    graph.flow()
    building, finish = threading.Event(), threading.Event()
    open_gated = choice.open_engine

    def open_slowly(*args, **arguments):
        building.set()
        assert finish.wait(30)
        return open_gated(*args, **arguments)

    monkeypatch.setattr(choice, 'open_engine', open_slowly)
    assert graph.set(engine='nearest').successful
    graph.until(building.is_set)
    graph.exchange()
    assert engine_of(graph) == 'bicubic'
    # A second wish while the first is being built: the first one never takes over.
    assert graph.set(engine='bilinear').successful
    finish.set()
    graph.until(lambda: graph.said('bilinear', 'takes over'))
    graph.exchange()
    assert engine_of(graph) == 'bilinear'
    assert not graph.said('nearest', 'takes over')


def test_geometry_change_is_refused_unless_allowed(make_graph):
    graph = make_graph()
    graph.flow()
    result = graph.set(scale=4)
    assert not result.successful
    assert 'x2, half_pixel to x4, half_pixel' in result.reason
    assert 'allow_geometry_change' in result.reason
    assert graph.exchange().width == 64
    assert graph.set(scale=4, allow_geometry_change=True).successful
    graph.until(lambda: graph.exchange().width == 128)
    graph.until(lambda: graph.infos.at(graph.clock_s))
    assert graph.infos.at(graph.clock_s).width == 128


@pytest.mark.parametrize(
    ('model', 'parts'),
    [
        ('missing.onnx', ('missing.onnx', 'neither a shipped model')),
        ('contract9.onnx', ('contract9.onnx', 'contract 9', 'update cdst_ros')),
        ('large.onnx', ('x2, half_pixel to x4',)),
        ('picked.onnx', ('half_pixel to x2, picked',)),
        ('text.onnx', ('text.onnx', 'no whole ONNX model')),
    ],
)
def test_model_that_cannot_work_is_refused_at_once(make_graph, tmp_path, model, parts):
    good = write_model(tmp_path / 'tiny.onnx')
    write_model(tmp_path / 'contract9.onnx', contract=9)
    write_model(tmp_path / 'large.onnx', scale=4)
    write_model(tmp_path / 'picked.onnx', alignment=GridAlignment.PICKED)
    (tmp_path / 'text.onnx').write_text('not a model')
    graph = make_graph(engine='onnxruntime', model=str(good), scale=0)
    graph.flow()
    result = graph.set(model=str(tmp_path / model))
    assert not result.successful
    for part in parts:
        assert part in result.reason
    graph.exchange()
    assert graph.node.get_parameter('model').value == str(good)


def test_engine_that_cannot_be_built_leaves_the_old_one(make_graph, tmp_path):
    good = write_model(tmp_path / 'tiny.onnx')
    broken = write_model(tmp_path / 'broken.onnx', operator='Rezise')
    graph = make_graph(engine='onnxruntime', model=str(good), scale=0)
    graph.flow()
    assert graph.set(model=str(broken)).successful
    graph.until(lambda: graph.said('no change of engine', 'broken.onnx', 'tiny on onnxruntime'))
    graph.until(lambda: graph.node.get_parameter('model').value == str(good))
    graph.exchange()
    status = graph.status()
    assert int.from_bytes(status.level, 'little') == 1
    assert 'broken.onnx' in status.message
    # A change that works takes the complaint away.
    assert graph.set(model=str(write_model(tmp_path / 'other.onnx'))).successful
    graph.until(lambda: graph.said('other on onnxruntime', 'takes over'))
    graph.exchange()
    graph.until(lambda: graph.status().level == b'\0')


def test_rewritten_model_file_is_read_again(make_graph, tmp_path):
    path = write_model(tmp_path / 'tiny.onnx')
    graph = make_graph(engine='onnxruntime', model=str(path), scale=0)
    graph.flow()
    assert graph.set(model=str(path)).successful
    graph.exchange()
    assert not graph.said('takes over')
    os.utime(path, ns=(0, 0))
    assert graph.set(model=str(path)).successful
    graph.until(lambda: graph.said('takes over'))


def test_classical_engine_enlarges_as_the_model_does(make_graph, tmp_path):
    path = write_model(tmp_path / 'tiny.onnx')
    graph = make_graph(engine='onnxruntime', model=str(path), scale=0)
    graph.flow()
    assert graph.set(engine='bicubic').successful
    graph.until(lambda: graph.said('bicubic', 'takes over'))
    assert graph.exchange().width == 64


@pytest.mark.parametrize(
    ('changes', 'part'),
    [
        ({'engine': 'bicubc'}, 'use one of auto'),
        ({'model': 'lite_x2'}, 'model has no effect: bicubic with scale 2'),
        ({'threads': 2}, 'threads has no effect on bicubic'),
        ({'max_sigma': 0.1}, 'max_sigma has no effect on bicubic'),
        ({'precision': 'bf16'}, 'precision has no effect on bicubic'),
        ({'bounded': False, 'bound_sigmas': 2.0}, 'bound_sigmas has no effect'),
        ({'min_depth': 3.0, 'max_depth': 2.0}, 'no depth could ever be valid'),
        ({'max_depth': 5000.0}, 'out of range'),
        ({'output_encoding': '8UC1'}, 'use one of 16UC1, 32FC1'),
        ({'autostart': False}, 'read-only'),
        ({'depth_scale': 'mm'}, 'ype'),
        ({'lazy': None}, ''),
    ],
)
def test_change_without_effect_is_refused_with_its_reason(make_graph, changes, part):
    graph = make_graph()
    before = {name: graph.node.get_parameter(name).value for name in changes}
    result = graph.set(**changes)
    assert not result.successful
    assert part in result.reason
    assert {name: graph.node.get_parameter(name).value for name in changes} == before


def test_each_change_of_one_call_is_checked_after_those_before_it(make_graph):
    graph = make_graph()
    graph.flow()
    results = graph.set_each(min_depth=3.0, max_depth=2.0)
    assert [result.successful for result in results] == [True, False]
    assert 'min_depth (3 m) is not below max_depth (2 m)' in results[1].reason
    assert all(r.successful for r in graph.set_each(min_depth=0.0, max_depth=2.0))
    graph.exchange()


def test_permission_and_what_it_permits_may_come_in_one_call(make_graph, engines):
    graph = make_graph()
    graph.flow()
    changes = {'allow_geometry_change': True, 'engine': 'nearest', 'scale': 3}
    assert all(result.successful for result in graph.set_each(**changes))
    graph.until(lambda: graph.exchange().width == 3 * 32)
    # The engine that is wanted after all three is built once.
    assert [(e.info.engine, e.info.scale) for e in engines] == [('bicubic', 2), ('nearest', 3)]
