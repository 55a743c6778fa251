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
from dataclasses import replace

import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel, Region
from cdst_ros.recordings.bag import BagReader
from cdst_ros.recordings.bag_writer import BagWriter
from cdst_ros.recordings.errors import BagError


@pytest.mark.parametrize('storage', ['.mcap', '.db3'])
@pytest.mark.parametrize('encoding', ['16UC1', '32FC1'])
def test_what_is_written_is_read(tmp_path, storage, encoding):
    depth = np.linspace(0.5, 4, 12 * 16, dtype=np.float32).reshape(12, 16)
    depth[2, 3] = np.nan
    ideal = CameraModel.from_intrinsics(20.0, 21.0, 7.5, 5.5, 16, 12)
    camera = replace(ideal, roi=Region(width=16, height=12), binning_x=1)
    with BagWriter(tmp_path / 'b', storage) as writer:
        writer.write_depth(
            '/d/image_raw', depth, 12_000_000_034, 'tof', encoding=encoding, log_time_ns=7
        )
        writer.write_camera('/d/camera_info', camera, 12_000_000_034, 'tof')
    with BagReader(tmp_path / 'b') as bag:
        (frame,) = bag
    assert (frame.stamp_ns, frame.log_time_ns, frame.frame_id) == (12_000_000_034, 7, 'tof')
    assert frame.encoding == encoding
    np.testing.assert_allclose(frame.depth, depth, atol=0 if encoding == '32FC1' else 0.000501)
    assert frame.camera == camera


def test_nothing_is_written_over(tmp_path):
    with pytest.raises(BagError, match='exists: choose another place'):
        BagWriter(tmp_path)


def test_an_unknown_storage_is_refused(tmp_path):
    with pytest.raises(BagError, match=r'\.mcap or \.db3'):
        BagWriter(tmp_path / 'b', '.bag')
