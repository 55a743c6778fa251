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

from cdst_ros.evaluation.degrade import degradation
from cdst_ros.evaluation.hololens import run, view_of
from cdst_ros.evaluation.metrics import DepthErrors, add_compared
from cdst_ros.evaluation.protocols import PROTOCOLS, protocol
from cdst_ros.evaluation.report import EvaluationError, Request
from cdst_ros.evaluation.sources import open_source
from cdst_ros.recordings.folder import import_folder
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.frame import Settings, SuperResolution

FLOORS = ('nearest', 'bilinear', 'bicubic')


def test_scores_are_those_of_the_frames_pooled(photos):
    report = run(Request(photos))
    assert [row.method for row in report.rows] == [*FLOORS, 'joint_bilateral']
    errors = {row.method: DepthErrors() for row in report.rows}
    for frame in open_source(photos, color=True):
        low, reference = degradation('hololens_x2')(frame.depth)
        rgb = np.full((*reference.shape, 3), 99, np.uint8)
        outputs = {}
        for name in errors:
            superres = SuperResolution(open_engine(None, name, scale=2), Settings(bounded=False))
            outputs[name] = superres(low, rgb).depth.copy()
        add_compared(errors, outputs, reference)
    for row in report.rows:
        assert row.scores['rmse_cm'] == pytest.approx(errors[row.method].rmse_cm)
        assert row.scores['edge_mae_cm'] == pytest.approx(errors[row.method].edge_mae_cm)
        assert 0.9 < row.scores['completeness'] <= 1
    assert '4 frames' in report.conditions


def test_a_recording_scores_as_its_folder_does(photos, tmp_path):
    import_folder(photos, tmp_path / 'walk', 10)
    of_folder = [row.scores for row in run(Request(photos)).rows]
    assert [row.scores for row in run(Request(tmp_path / 'walk')).rows] == of_folder


def test_frames_left_out_are_told(photos):
    (photos / '001_depth.png').write_bytes(b'')
    (photos / '002_rgb.jpg').unlink()
    report = run(Request(photos))
    assert [row.method for row in report.rows] == [*FLOORS]
    assert report.notes[0].startswith('1 frames are left out: ')
    assert 'joint_bilateral: left out, a frame has no colour' in report.notes[1]
    assert 'of 3 frames' in report.conditions


def test_models_of_another_scale_are_refused(photos):
    with pytest.raises(EvaluationError, match='lite_x4 enlarges by 4'):
        run(Request(photos, models=('lite_x4',)))


def test_what_is_not_the_protocol_is_refused(photos, tmp_path):
    with pytest.raises(EvaluationError, match='of scale 2 only'):
        run(Request(photos, scales=(4,)))
    with pytest.raises(EvaluationError, match='is no recording or folder'):
        run(Request(photos / '000_depth.png'))
    for file in photos.glob('*_depth.png'):
        file.write_bytes(b'')
    with pytest.raises(EvaluationError, match=r'no frame of .* can be read'):
        run(Request(photos))


def test_protocols_are_found_by_name():
    assert protocol('hololens_x2').scales == (2,)
    assert protocol('middlebury6').published
    with pytest.raises(EvaluationError, match='there is no protocol') as caught:
        protocol('nyu')
    assert all(name in str(caught.value) for name in PROTOCOLS)


def test_models_are_bounded_and_checked(photos, make_engine, monkeypatch):
    from contextlib import contextmanager

    from cdst_ros.evaluation import hololens
    from cdst_ros.evaluation.methods import Method

    @contextmanager
    def only_a_model(request, scales):
        yield [Method('off', make_engine(scale=2, added=0.3), is_model=True)]

    monkeypatch.setattr(hololens, 'open_methods', only_a_model)
    (bounded,) = run(Request(photos)).rows
    assert bounded.details['bounded'] is True
    assert bounded.details['clipped_fraction'] > 0.5
    report = run(Request(photos, bounded=False))
    (free,) = report.rows
    assert free.details['clipped_fraction'] == 0
    assert free.scores['mae_cm'] == pytest.approx(30, abs=5)
    assert bounded.scores['mae_cm'] < free.scores['mae_cm'] - 10
    assert report.checked == ''
    monkeypatch.setattr('cdst_ros.superres.frame.bound', lambda *args, **kwargs: 0.0)
    assert 'off broke its bound' in run(Request(photos)).broken[0]


def test_the_metrics_of_a_robot_stand_beside(photos):
    np.savetxt(photos / 'K.txt', [[80.0, 0, 31.5], [0, 80.0, 23.5], [0, 0, 1]])
    for row in run(Request(photos)).rows:
        assert row.metrics['rmse_cm'] == row.scores['rmse_cm']
        assert 0 < row.metrics['occupancy_f1'] <= 1
        assert row.metrics['lost'] == pytest.approx(1 - row.metrics['completeness'])
        assert row.intervals['rmse_cm'][0] <= row.intervals['rmse_cm'][1]


def test_without_intrinsics_there_is_no_occupancy(photos):
    report = run(Request(photos))
    assert 'occupancy_f1' not in report.rows[0].metrics
    assert '4 frames have no intrinsics' in report.notes[-1]


def test_the_camera_is_that_of_the_reference(photos):
    np.savetxt(photos / 'K.txt', [[80.0, 0, 31.5], [0, 80.0, 23.5], [0, 0, 1]])
    frame = next(iter(open_source(photos)))
    view = view_of(frame)
    # The middle of the image stays the middle.
    assert view.camera.intrinsics() == (40.0, 40.0, 15.5, 11.5)
    assert view.camera.matches(32, 24)
    assert view.low.shape == (12, 16)


def test_fewer_frames_are_spread(photos):
    assert 'of 2 frames' in run(Request(photos, frames=2)).conditions
