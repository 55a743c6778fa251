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
"""The whole loop as one command, small: its real processes, and a real training."""

from __future__ import annotations

import os

import pytest

from cdst_ros.nodes.learning_demo import LearningDemo, run_learning_demo

pytest.importorskip('torch', reason='needs torch')
pytest.importorskip('lightning', reason='needs lightning')


def test_the_score_is_better_afterwards(tmp_path):
    told: list[str] = []
    demo = LearningDemo(
        model='fast_x4', width=48, height=36, frames=60, scored=24, steps=40, folder=tmp_path
    )
    report = run_learning_demo(demo, os.environ, lambda doing, done, total: told.append(doing))
    before, after = report['before'], report['after']
    assert before['model'] == 'fast_x4'
    assert after['model'] == report['offer']['model'] != 'fast_x4'
    assert after['rmse_cm']['model'] < before['rmse_cm']['model']
    assert report['offer']['better']
    assert 'in place of fast_x4' in report['accepted']
    assert {'collecting', 'train', 'judge'} <= set(told)
    assert (tmp_path / 'room' / 'frames.jsonl').exists()
