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
"""The model that the node chooses by itself, and the engine that is warm for a size."""

from __future__ import annotations

import pytest

from cdst_ros.nodes import builder
from cdst_ros.superres.engines import CPU_ENGINES, describe_engines


@pytest.fixture(autouse=True)
def any_runtime(monkeypatch, tmp_path):
    if not any(item.available and item.name in CPU_ENGINES for item in describe_engines()):
        pytest.skip('no runtime for models is installed')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))


def chosen(graph) -> str:
    return {v.key: v.value for v in graph.status().values}.get('chosen', '')


def test_it_is_chosen_at_once_for_the_size_that_is_expected(make_graph):
    graph = make_graph(
        engine='auto', scale=4, model='auto', expected_size='32x24', expected_rate=0.5
    )
    graph.flow()

    assert '32x24 px at 0.5 Hz' in chosen(graph)
    assert graph.exchange().width == 128


def test_it_is_chosen_in_the_background_for_the_size_that_comes(make_graph):
    graph = make_graph(engine='auto', scale=4, model='auto', expected_rate=0.5)
    graph.flow()
    assert graph.exchange().width == 128
    graph.until(lambda: '32x24 px at 0.5 Hz' in chosen(graph), 60)
    assert graph.exchange().width == 128


def test_another_rate_chooses_anew(make_graph):
    graph = make_graph(
        engine='auto', scale=4, model='auto', expected_size='32x24', expected_rate=0.5
    )
    graph.flow()
    assert graph.set(expected_rate=900.0).successful
    graph.until(lambda: '32x24 px at 900 Hz' in chosen(graph), 60)


def test_a_model_that_is_named_is_not_chosen(make_graph):
    graph = make_graph()
    graph.flow()
    assert chosen(graph) == ''


def test_an_engine_that_it_can_not_be_timed_on_is_refused(make_graph):
    graph = make_graph(engine='auto', scale=4, model='auto', expected_size='32x24')
    graph.flow()
    out = graph.set(engine='tensorrt')
    assert not out.successful
    assert 'name a model' in out.reason


def test_no_size_is_refused(make_graph):
    graph = make_graph()
    graph.flow()
    out = graph.set(expected_size='320 by 240')
    assert not out.successful
    assert 'such as 320x240' in out.reason


def test_the_engine_is_warm_for_the_expected_size(make_graph, monkeypatch):
    sizes = []
    rehearse = builder.rehearse

    def rehearse_noted(engine, height, width):
        sizes.append((width, height))
        rehearse(engine, height, width)

    monkeypatch.setattr(builder, 'rehearse', rehearse_noted)
    make_graph(expected_size='64x48').flow()
    assert sizes == [(64, 48)]
