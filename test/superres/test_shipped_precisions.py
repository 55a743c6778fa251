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
"""Shipped models of lower precision: of the models that ship, within their bound, and bounded."""

from hashlib import sha256

import numpy as np
import pytest

from cdst_ros.superres.contract import read_conversion, read_metadata
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.engines.model import written_precision
from cdst_ros.superres.frame import SuperResolution
from cdst_ros.superres.onnx_file import read_onnx_file
from cdst_ros.superres.store import find_model, precisions_of, shipped_models

from .promises import assert_bounded, assert_holes_hold

FILES = {
    (name, precision): path
    for name in shipped_models()
    for precision, path in precisions_of(name).items()
}
every_file = pytest.mark.parametrize(('name', 'precision'), FILES)


def test_there_are_some_and_they_have_names():
    assert ('lite_x4', 'int8') in FILES
    assert find_model('lite_x4_int8') == FILES['lite_x4', 'int8']
    assert 'lite_x4_int8' not in shipped_models()


def test_a_model_that_sees_colour_ships_in_full_only():
    # Calibration frames have no colour, and int8 would be fitted to grey.
    assert precisions_of('guided_x4') == {}


@every_file
def test_it_is_of_the_model_that_ships_and_lost_no_more_than_its_bound(name, precision):
    path, full = FILES[name, precision], shipped_models()[name]
    note = read_conversion(path)

    assert note['of_sha256'] == sha256(full.read_bytes()).hexdigest()
    assert (note['of'], note['precision']) == (name, precision)
    assert note['check']['bound'] <= 0.02
    assert note['check']['losses']
    assert all(loss['growth'] <= 0.02 for loss in note['check']['losses'])
    assert written_precision(read_onnx_file(path)) == precision
    made, before = read_metadata(path), read_metadata(full)
    assert (made.scale, made.noise, made.range_m) == (before.scale, before.noise, before.range_m)


@every_file
@pytest.mark.parametrize('engine', ['openvino', 'onnxruntime'])
def test_it_keeps_the_bound_and_the_holes_and_is_near_the_model(name, precision, engine):
    pytest.importorskip(engine, reason=f'{engine} is not installed')
    rng = np.random.default_rng(0)
    depth = np.where(np.arange(40) < 23, 1.5, 3.0) + 0.05 * np.arange(30)[:, None]
    depth = (depth + 0.003 * rng.standard_normal(depth.shape)).astype(np.float32)
    depth[10:15, 8:14] = np.nan
    found, due = (
        SuperResolution(open_engine(path, engine, threads=1))
        for path in (FILES[name, precision], shipped_models()[name])
    )

    out, full = found(depth).depth.copy(), due(depth).depth.copy()

    info, valid = found.engine.info, np.isfinite(depth)
    measured = np.where(valid, depth, 1.0)
    slack = np.minimum(info.noise.sigma(measured), measured / 2)
    assert_bounded(out, depth, valid, info.scale, slack)
    offsets = info.alignment.sub_pixels(info.scale)
    assert_holes_hold(out, depth, valid, info.scale, offsets=offsets, sigma=info.noise.sigma)
    np.testing.assert_array_equal(np.isnan(out), np.isnan(full))
    assert np.sqrt(np.nanmean((out - full) ** 2)) < 0.01
