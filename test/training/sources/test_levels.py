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
import numpy as np

from cdst_ros.training.sources.levels import PROTOCOL, LevelMapping, Span, Spans, rounded


def test_levels_are_taken_for_depth_and_holes_stay():
    depth = LevelMapping(offset=10.0, step=0.5).to_metres(np.array([[2.0, np.nan]], np.float32))
    assert depth[0, 0] == 6.0
    assert np.isnan(depth[0, 1])


def test_the_protocol_is_what_the_evaluation_does():
    levels = np.arange(256, dtype=np.uint8)[None]
    np.testing.assert_allclose(PROTOCOL.to_metres(levels), (levels + 64.0) * 0.01, rtol=1e-6)


def test_a_random_mapping_keeps_depth_positive():
    rng = np.random.default_rng(0)
    for _ in range(50):
        mapping = LevelMapping.draw(rng)
        assert mapping.offset * mapping.step > 0.1


def test_a_span_tells_whole_levels_from_others():
    levels = np.array([[3.0, np.nan, 9.0]], np.float32)
    assert Span.of(levels) == (3.0, 9.0, True)
    assert not Span.of(levels + 0.25).rounded


def test_a_map_gets_the_span_that_is_drawn_and_stays_within_8_bits():
    rng = np.random.default_rng(1)
    levels = np.linspace(0.0, 7.3, 50, dtype=np.float32)[None]
    spans = [np.ptp(Spans(40, 230).scaled(rng, levels, Span.of(levels))) for _ in range(200)]
    assert min(spans) >= 39.9
    assert min(spans) < 60
    assert 190 < max(spans) <= 230.1
    for _ in range(50):
        scaled = Spans(200, 255).scaled(rng, levels, Span.of(levels))
        assert scaled.min() >= 0
        assert scaled.max() <= 255.01


def test_steps_of_a_rounded_map_never_grow_beyond_one_level():
    rng = np.random.default_rng(2)
    levels = np.arange(20, 60, dtype=np.float32)[None]
    for _ in range(50):
        scaled = rounded(Spans(40, 230).scaled(rng, levels, Span.of(levels)))
        assert set(np.diff(scaled[0])) <= {0.0, 1.0}


def test_rounding_keeps_to_8_bits_and_leaves_holes():
    out = rounded(np.array([[-3.0, 1.6, 300.0, np.nan]], np.float32))
    np.testing.assert_array_equal(out, [[0.0, 2.0, 255.0, np.nan]])
