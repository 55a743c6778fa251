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
import pytest

from cdst_ros.training.sources.haze import Hazy, through_haze
from cdst_ros.training.sources.sample import Sample
from cdst_ros.training.sources.settings import SourceConfig

RGB = np.full((2, 3, 3), 51, np.uint8)
DEPTH = np.array([[1.0, 2.0, np.nan], [4.0, 100.0, 0.5]], np.float32)


class Same:
    """A source of one sample, over and over."""

    def __init__(self, rgb):
        self.sample = Sample(DEPTH[:1, :1], DEPTH, rgb)

    def samples(self, _rng, count):
        return [self.sample] * count


def test_by_hand():
    seen = through_haze(RGB, DEPTH, 0.5, 0.8)
    clear = np.exp([[-0.5, -1.0, -np.inf], [-2.0, -50.0, -0.25]])
    assert np.abs(seen - (51 * clear + 204 * (1 - clear))[..., None]).max() <= 0.51
    assert (seen[0, 2] == 204).all()  # nothing is measured of the sky, and nothing seen
    assert (through_haze(RGB, DEPTH, 1e-9, 0.8)[0, :2] == RGB[0, :2]).all()


def test_samples_differ_in_haze_and_in_nothing_else():
    source = Same(RGB)
    found = Hazy(source, 0.3).samples(np.random.default_rng(1), 8)
    assert len({sample.rgb.tobytes() for sample in found}) == 8
    for sample in found:
        assert sample.low is source.sample.low
        assert sample.high is source.sample.high
        # all that is told apart by it is depth
        order = np.argsort(sample.high[np.isfinite(sample.high)])
        assert (np.diff(sample.rgb[np.isfinite(sample.high)][order, 0].astype(int)) >= 0).all()
    again = Hazy(source, 0.3).samples(np.random.default_rng(1), 8)
    assert all((a.rgb == b.rgb).all() for a, b in zip(found, again, strict=True))


def test_without_a_picture_there_is_no_haze():
    source = Same(None)
    assert Hazy(source, 0.3).samples(np.random.default_rng(1), 1) == [source.sample]


def test_haze_needs_depth():
    assert SourceConfig('metric', 'folder', haze=0.3).haze == 0.3
    with pytest.raises(ValueError, match='true depth'):
        SourceConfig('disparity', 'folder', haze=0.3)
    with pytest.raises(ValueError, match='true depth'):
        SourceConfig('recordings', 'folder', haze=0.3, measured=True)
    with pytest.raises(ValueError, match='negative'):
        SourceConfig('metric', 'folder', haze=-0.3)
