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
"""Spooled samples come back as they were, and leave nothing behind."""

from pathlib import Path

import numpy as np

from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.live import Sample
from cdst_ros.evaluation.spool import SpooledSamples


def test_every_sample_comes_back_exactly_and_in_order(tmp_path: Path):
    rng = np.random.default_rng(1)
    camera = CameraModel.from_intrinsics(10, 10, 4, 3, 8, 6)

    def image(height: int, width: int) -> np.ndarray:
        made = rng.uniform(0.5, 5, (height, width)).astype(np.float32)
        made[0, 0] = np.nan
        return made

    given = [
        Sample(image(3, 4), image(6, 8), image(6, 8), None, 5),
        Sample(image(2, 2), image(4, 4), image(4, 4), image(4, 4), 7, camera),
    ]
    spool = SpooledSamples(tmp_path)
    for sample in given:
        assert spool.wants_next()
        spool.keep(sample)
    assert len(spool) == 2
    for _ in range(2):
        for found, sample in zip(spool, given, strict=True):
            for name in ('low', 'high', 'truth'):
                np.testing.assert_array_equal(getattr(found, name), getattr(sample, name))
            assert (found.stamp_ns, found.camera) == (sample.stamp_ns, sample.camera)
    assert found.sigma is not None
    np.testing.assert_array_equal(found.sigma, given[1].sigma)
    spool.close()
    assert not list(tmp_path.iterdir())
