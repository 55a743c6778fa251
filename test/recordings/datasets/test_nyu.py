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
"""The labelled NYU Depth V2 is read as it is published."""

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cdst_ros.recordings.datasets.nyu import FILE_NAME, NyuDepth
from cdst_ros.recordings.errors import RecordingError

from .layouts import write_nyu

h5py = pytest.importorskip('h5py')


def test_pairs_lie_upright_and_are_split_as_the_literature_does(tmp_path: Path):
    depths = write_nyu(tmp_path / FILE_NAME, 1003)
    with NyuDepth(tmp_path) as data:
        assert len(data) == 1003
        assert list(data.training) == list(range(1000))
        assert list(data.test) == [1000, 1001, 1002]
        pair = data[1001]
    np.testing.assert_array_equal(pair.depth, depths[1001])
    assert pair.number == 1001
    assert pair.color.shape == (32, 48, 3)
    assert pair.color[15, 20, 2] == 200, 'blue where the box is'
    assert (np.diff(pair.color[0, :, 0].astype(int)) >= 0).all(), 'red grows to the right'


def test_zeros_are_unknown(tmp_path: Path):
    path = tmp_path / 'x.mat'
    write_nyu(path, 1)
    with h5py.File(path, 'a') as file:
        file['depths'][0, 4, 2] = 0
    with NyuDepth(path) as data:
        assert np.argwhere(np.isnan(data[0].depth)).tolist() == [[2, 4]]


def test_other_files_are_refused(tmp_path: Path):
    with pytest.raises(RecordingError, match='does not exist'):
        NyuDepth(tmp_path)
    (tmp_path / 'a.mat').write_bytes(b'MATLAB 5.0')
    with pytest.raises(RecordingError, match='no HDF5'):
        NyuDepth(tmp_path / 'a.mat')
    with h5py.File(tmp_path / 'b.mat', 'w') as file:
        file['depths'] = np.zeros((2, 3, 4), np.float32)
        file['images'] = np.zeros((2, 3, 4, 3), np.uint8)
    with pytest.raises(RecordingError, match='not laid out as'):
        NyuDepth(tmp_path / 'b.mat')


def test_missing_h5py_is_told_with_the_remedy(tmp_path: Path, monkeypatch: Any):
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == 'h5py':
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, '__import__', without)
    with pytest.raises(RecordingError, match='pip install h5py'):
        NyuDepth(tmp_path / FILE_NAME)
