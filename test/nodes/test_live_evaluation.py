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
"""A recording through the live nodes scores as offline, frame by frame."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from cdst_ros.evaluation.plain import json_text
from cdst_ros.evaluation.recording_run import RecordingRequest, evaluate_recording
from cdst_ros.nodes.live_evaluation import LiveEvaluation, Look, node_parameters, run_live
from cdst_ros.nodes.watch import RunError
from cdst_ros.recordings.bag_writer import BagWriter
from cdst_ros.synthetic import SyntheticCamera, load_profile

FRAMES = 6
START_NS = 1_750_000_000 * 10**9


def write_bag(folder: Path, truth: bool) -> Path:
    """Write a small bag of a synthetic camera, colour left out."""
    camera = SyntheticCamera(
        3, 64, 48, scale=4, rate_hz=10.0, profile=load_profile('tof'), frames=FRAMES, color=False
    )
    with BagWriter(folder) as bag:
        for index in range(FRAMES):
            frame = camera.frame(index)
            stamp = START_NS + frame.stamp_ns
            if truth:
                bag.write_depth('/truth/image_raw', frame.truth(), stamp, frame.frame_id)
                bag.write_camera('/truth/camera_info', frame.camera_hr, stamp, frame.frame_id)
            bag.write_depth('/depth/image_raw', frame.depth, stamp, frame.frame_id)
            bag.write_camera('/depth/camera_info', frame.camera, stamp, frame.frame_id)
    return folder


@pytest.fixture(scope='module')
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bag without truth, which its readers leave as it is."""
    return write_bag(tmp_path_factory.mktemp('played') / 'bag', truth=False)


@pytest.fixture(scope='module')
def rounded(bag: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the reports of a live run in millimetres; a page where one can be."""
    folder = tmp_path_factory.mktemp('rounded')
    page = (
        {'html': folder / 'live.html'} if find_spec('jinja2') and find_spec('matplotlib') else {}
    )
    live_report(folder, source=bag, degrade='valid_median', encoding='16UC1', **page)
    return folder


def quietly(*_: Any) -> None:
    """Take progress and show nothing."""


def by_stamp(frames: list[dict[str, Any]]) -> dict[int, dict[str, dict[str, float]]]:
    return {frame['stamp_ns']: frame['metrics'] for frame in frames}


def live_report(tmp_path: Path, **wanted: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run live; return what was measured live, and the report."""
    evaluation = LiveEvaluation(json=tmp_path / 'live.json', **wanted)
    told = run_live(evaluation, os.environ, quietly)
    return told, json.loads((tmp_path / 'live.json').read_text())


def offline_report(request: RecordingRequest) -> dict[str, Any]:
    """Score offline; return the report as it is written."""
    return json.loads(json_text(evaluate_recording(request).to_json()))


def assert_same(
    live: dict[str, Any], offline: dict[str, Any], absolute: float, relative: float
) -> int:
    """Compare every metric of every method and frame; return how many there were."""
    ours, theirs = by_stamp(live['frames']), by_stamp(offline['frames'])
    assert ours.keys() == theirs.keys()
    compared = 0
    for stamp, methods in theirs.items():
        assert ours[stamp].keys() == methods.keys()
        for method, figures in methods.items():
            assert ours[stamp][method].keys() == figures.keys()
            for name, value in figures.items():
                found = ours[stamp][method][name]
                if value is None:
                    assert found is None, (stamp, method, name)
                else:
                    expected = pytest.approx(value, abs=absolute, rel=relative)
                    assert found == expected, (stamp, method, name)
                compared += 1
    return compared


def test_live_and_offline_agree_on_every_metric_of_every_frame(tmp_path: Path):
    bag = write_bag(tmp_path / 'bag', truth=True)
    told, live = live_report(
        tmp_path,
        source=bag,
        depth_topic='/depth/image_raw',
        reference_topic='/truth/image_raw',
    )
    request = RecordingRequest(
        bag,
        models=('lite_x4',),
        frames=0,
        depth_topic='/depth/image_raw',
        reference_topic='/truth/image_raw',
    )
    offline = offline_report(request)
    assert (told['frames_in'], told['frames_out']) == (FRAMES, FRAMES)
    assert (told['dropped'], told['given_up']) == (0, 0)
    assert assert_same(live, offline, absolute=1e-9, relative=1e-6) >= 60 * FRAMES
    assert 'ause' in live['frames'][0]['metrics']['lite_x4'], 'sigma was heard, too'
    assert live['baseline'] == offline['baseline']
    assert live['judged'] == offline['judged'] == ['lite_x4']
    assert not live['broken']
    assert [one['method'] for one in live['bands']] == [one['method'] for one in offline['bands']]


def test_rounding_to_millimetres_costs_no_more_than_that(bag: Path, rounded: Path):
    live = json.loads((rounded / 'live.json').read_text())
    request = RecordingRequest(bag, models=('lite_x4',), frames=0, degrade='valid_median')
    offline = offline_report(request)
    ours, theirs = by_stamp(live['frames']), by_stamp(offline['frames'])
    assert ours.keys() == theirs.keys()
    for stamp, methods in theirs.items():
        for method, figures in methods.items():
            for name in ('rmse_cm', 'mae_cm', 'edge_mae_cm'):
                # Half a millimetre at the input, and half at the output.
                assert ours[stamp][method][name] == pytest.approx(figures[name], abs=0.15)
            assert ours[stamp][method]['completeness'] == figures['completeness']


def test_lowered_bag_is_restored_alike(bag: Path, tmp_path: Path):
    told, live = live_report(tmp_path, source=bag, degrade='area', model='lite_x2')
    request = RecordingRequest(bag, models=('lite_x2',), frames=0, degrade='area')
    offline = offline_report(request)
    assert told['frames_out'] == FRAMES
    assert assert_same(live, offline, absolute=1e-9, relative=1e-6) > 0


def test_classical_method_is_played_without_sigma(bag: Path, tmp_path: Path):
    told, live = live_report(tmp_path, source=bag, engine='bicubic', scale=2, frames=3)
    assert told['frames_out'] == 3
    assert live['judged'] == []
    rows = {row['method']: row['metrics'] for row in live['rows']}
    assert set(rows) == {'nearest', 'bilinear', 'bicubic'}


def test_report_is_a_page_too(rounded: Path):
    pytest.importorskip('jinja2')
    pytest.importorskip('matplotlib')
    page = (rounded / 'live.html').read_text()
    assert 'lite_x4' in page
    assert 'data:image' in page


def test_what_cannot_be_played_is_told(bag: Path, tmp_path: Path):
    with pytest.raises(ValueError, match='does not exist'):
        run_live(LiveEvaluation(tmp_path / 'nothing'), os.environ, quietly)
    with pytest.raises(ValueError, match='enlarges by 4, not by 2'):
        run_live(LiveEvaluation(bag, scale=2), os.environ, quietly)
    with pytest.raises((RunError, ValueError), match='no degradation'):
        run_live(LiveEvaluation(bag, degrade='washing'), os.environ, quietly)


def test_players_wait_unless_the_rate_is_to_be_real(bag: Path):
    look = Look(LiveEvaluation(bag))
    assert (look.frames, look.has_reference) == (FRAMES, False)
    waiting = node_parameters(LiveEvaluation(bag), look)['camera']
    assert (waiting['wait_for'], waiting['degrade']) == ('evaluator/done', 'valid_median')
    real = node_parameters(LiveEvaluation(bag, realtime=True, rate_hz=15.0), look)['camera']
    assert 'wait_for' not in real
    assert real['rate'] == 15.0
