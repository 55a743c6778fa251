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
from pathlib import Path

import pytest

pytest.importorskip('onnx', reason='models are converted with onnx')
pytest.importorskip('onnxruntime', reason='models are converted with onnxruntime')

import onnx

from cdst_ros.evaluation.precision_check import (
    Loss,
    PrecisionCheck,
    Trial,
    calibration_frames,
    check_frames,
    check_precision,
    trials_of,
)
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.graph.conversion import convert
from cdst_ros.superres.store import find_model

MODEL = find_model('fast_x4')
QUICK = [Trial('synthetic_generic', None, 1)]


def spoilt(out: Path) -> Path:
    """Write a model that is f16 and, as it would be by a bad calibration, wrong."""
    model = convert(MODEL, 'f16')
    for tensor in model.graph.initializer:
        if tensor.name.startswith('body.0.weight'):
            values = onnx.numpy_helper.to_array(tensor)
            tensor.CopyFrom(onnx.numpy_helper.from_array(-values, tensor.name))
    onnx.save(model, out)
    return out


@pytest.fixture(scope='module')
def frames():
    return check_frames(read_metadata(MODEL))[:2]


def test_a_faithful_conversion_holds(tmp_path, frames):
    path = tmp_path / 'half.onnx'
    onnx.save(convert(MODEL, 'f16'), path)

    check = check_precision(MODEL, path, frames, QUICK)

    assert check.holds
    assert check.model == 'fast_x4_f16'
    assert {loss.figure for loss in check.losses} >= {'rmse_cm', 'edge_mae_cm'}
    assert all(loss.before > 0 for loss in check.losses)
    assert all(0 < one.agreement.rms_mm < 0.1 for one in check.engines)
    written = check.to_json()
    assert written['holds'] is True
    assert written['engines'][0]['range_m'][1] > 1


def test_one_that_loses_too_much_does_not(tmp_path, frames):
    check = check_precision(MODEL, spoilt(tmp_path / 'bad.onnx'), frames, QUICK)

    assert not check.holds
    assert check.worst.growth > 0.02
    assert check.engines[0].agreement.max_mm > 10


def test_the_bound_is_on_the_error_that_grew_most():
    losses = (Loss('p', 'rmse_cm', 10.0, 10.1), Loss('p', 'mae_cm', 1.0, 0.5))
    assert PrecisionCheck('m', (), losses, bound=0.02).holds
    check = PrecisionCheck('m', (), losses, bound=0.005)
    assert not check.holds
    assert check.worst is losses[0]


def test_a_model_goes_through_what_is_of_its_scale_and_sensor():
    data = {'middlebury6': Path('m'), 'hololens_x2': Path('h')}
    names = {
        name: [trial.protocol for trial in trials_of(read_metadata(find_model(name)), data, 3)]
        for name in ('lite_x2', 'lite_x4_tof')
    }
    assert names == {
        'lite_x2': ['synthetic_generic', 'middlebury6', 'hololens_x2'],
        'lite_x4_tof': ['synthetic_tof', 'middlebury6'],
    }


def test_what_is_calibrated_on_is_not_what_is_measured_on():
    metadata = read_metadata(MODEL)
    seen = {frame.tobytes() for frame in calibration_frames(metadata)}
    assert len(seen) == 16
    assert not seen & {frame.tobytes() for frame in check_frames(metadata)}
