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
"""A node whose engine takes minutes to build: it works on the CPU until then."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from graph import Graph
from tiny_model import write_model

from cdst_ros.nodes import choice
from cdst_ros.superres.engine import EngineError, Inference
from cdst_ros.superres.engines import StandbyEngine, open_engine, registry


class SlowEngine:
    """The model on the CPU, ready for a size only when that was built."""

    def __init__(self, *args, factor=1.0, **arguments):
        self._real = open_engine(*args, **arguments)
        self.info = replace(self._real.info, engine='slow', device='GPU')
        self.sizes: set[tuple[int, int]] = set()
        self.building, self.finish = threading.Event(), threading.Event()
        self.factor = factor
        self.closed = False
        self.seen: list[np.ndarray] = []

    def ready(self, size):
        return size in self.sizes

    def prepare(self, size, report, cancelled):
        self.building.set()
        report(f'building for {size[1]}x{size[0]} px: 42 % (tactics), 3 s')
        while not self.finish.wait(0.02):
            if cancelled.is_set():
                raise EngineError('the engine is no longer wanted')
        self.sizes.add(size)

    def infer(self, depth, valid, rgb=None):
        assert depth.shape in self.sizes
        self.seen.append(depth.copy())
        out = self._real.infer(depth, valid, rgb)
        return Inference(out.depth * self.factor, out.sigma, out.valid)

    def close(self):
        self.closed = True
        self._real.close()


@pytest.fixture
def slow_engines(monkeypatch):
    """Return the slow engines that nodes open from now on, beside their standbys."""
    opened: list[SlowEngine] = []

    def open_with_standby(*args, live, **arguments):
        if arguments.get('engine') != 'onnxruntime':
            return open_engine(*args, **arguments)
        opened.append(SlowEngine(*args, **arguments))
        return StandbyEngine(opened[-1], open_engine(*args, **arguments), wait=not live)

    monkeypatch.setattr(choice, 'open_engine', open_with_standby)
    return opened


@pytest.fixture
def graph(make_graph, slow_engines, tmp_path) -> Graph:
    model = write_model(tmp_path / 'tiny.onnx')
    made: Graph = make_graph(engine='onnxruntime', model=str(model), scale=0)
    made.flow()
    return made


@pytest.fixture
def played_tensorrt(monkeypatch, tmp_path):
    """Have TensorRT and CUDA played by the stand-ins of the engine's own tests."""
    for library in ('onnx', 'onnxruntime'):
        pytest.importorskip(library, reason='the stand-in for TensorRT runs models with it')
    tests = Path(__file__).parents[1] / 'superres' / 'engines' / 'tensorrt'
    monkeypatch.syspath_prepend(tests / 'standin')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    monkeypatch.setattr(registry, 'GPU_DEVICES', ('/dev/null',))
    ours = ('tensorrt', 'cuda', 'names', f'{registry.__package__}.tensorrt')

    def forget():
        for name in list(sys.modules):
            if name.startswith(ours):
                del sys.modules[name]

    forget()
    yield tmp_path / 'hold'
    forget()


def values(graph: Graph) -> dict[str, str]:
    return {v.key: v.value for v in graph.status().values}


def test_frames_flow_on_the_cpu_and_then_on_the_gpu_and_none_is_missed(graph, slow_engines):
    (slow,) = slow_engines
    sent = [graph.send()]
    graph.until(slow.building.is_set)
    graph.until(lambda: 'building' in values(graph))
    assert values(graph)['engine'] == 'onnxruntime'
    assert '42 %' in values(graph)['building']
    assert '42 %' in graph.status().message
    graph.until(lambda: graph.said('42 %', 'onnxruntime goes on meanwhile'))
    slow.finish.set()
    while values(graph)['engine'] != 'slow':
        graph.until(lambda: graph.images.at(sent[-1]))
        sent.append(graph.send())
    graph.until(lambda: graph.images.at(sent[-1]))

    assert all(graph.images.at(stamp) for stamp in sent)
    graph.until(lambda: graph.said('slow takes over for 32x24 px'))
    graph.until(lambda: 'building' not in values(graph))
    graph.exchange()
    graph.until(lambda: graph.status().level == b'\0')


def test_a_miscompiled_engine_is_refused_and_frames_go_on(graph, slow_engines):
    (slow,) = slow_engines
    slow.factor = 1.2
    slow.finish.set()
    graph.exchange()
    graph.until(lambda: graph.said('onnxruntime goes on', 'does not find what onnxruntime finds'))
    graph.exchange()
    graph.until(lambda: graph.status().level == b'\1')

    assert 'does not find' in graph.status().message
    assert values(graph)['engine'] == 'onnxruntime'


def test_another_wish_ends_the_build(graph, slow_engines):
    (slow,) = slow_engines
    graph.exchange()
    graph.until(slow.building.is_set)
    assert graph.set(engine='nearest').successful
    graph.until(lambda: graph.said('nearest', 'takes over'))
    graph.exchange()

    assert slow.closed
    assert not slow.sizes


def test_the_old_engine_goes_on_until_the_new_model_is_ready_on_the_gpu(
    graph, slow_engines, tmp_path
):
    slow_engines[0].finish.set()
    graph.exchange()
    graph.until(lambda: graph.said('slow takes over'))
    graph.until(lambda: graph.exchange() and values(graph)['engine'] == 'slow')
    assert graph.set(model=str(write_model(tmp_path / 'other.onnx'))).successful
    graph.until(lambda: len(slow_engines) > 1 and slow_engines[1].building.is_set())
    graph.exchange()
    assert values(graph)['model'] == 'tiny'
    assert values(graph)['engine'] == 'slow'
    slow_engines[1].finish.set()
    graph.until(lambda: graph.said('other on', 'takes over with the next frame'))
    graph.exchange()
    graph.until(lambda: values(graph)['model'] == 'other')

    assert values(graph)['engine'] == 'slow'
    assert slow_engines[0].closed
    # It was held against the CPU on a frame of the camera.
    np.testing.assert_array_equal(slow_engines[1].seen[0], slow_engines[0].seen[-1])


def test_a_node_that_ends_does_not_wait_for_the_build(graph, slow_engines):
    graph.exchange()
    graph.until(slow_engines[0].building.is_set)
    graph.close()

    assert slow_engines[0].closed


def test_the_whole_way_with_tensorrt_played(make_graph, played_tensorrt, tmp_path, monkeypatch):
    hold = played_tensorrt
    hold.touch()
    monkeypatch.setenv('STANDIN_HOLD', str(hold))
    model = write_model(tmp_path / 'tiny.onnx')
    graph = make_graph(engine='auto', model=str(model), scale=0)
    graph.flow()
    graph.exchange()
    graph.until(lambda: '%' in values(graph).get('building', ''))
    assert values(graph)['engine'] != 'tensorrt'
    graph.exchange()
    hold.unlink()
    graph.until(lambda: graph.said('tensorrt takes over for 32x24 px'))
    stamps = [graph.exchange() for _ in range(3)]
    graph.until(lambda: values(graph)['engine'] == 'tensorrt')

    assert all(stamps)
    assert values(graph)['device'] == 'Stand-in GPU (sm 8.7)'
    assert graph.said('TensorRT builds tiny for 32x24 px')
