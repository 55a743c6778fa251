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
import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.grid import GridAlignment
from cdst_ros.evaluation import hololens
from cdst_ros.evaluation.frame_table import write_csv
from cdst_ros.evaluation.plain import json_text
from cdst_ros.evaluation.recording_run import RecordingRequest, evaluate_recording
from cdst_ros.evaluation.report import EvaluationError, Request
from cdst_ros.evaluation.sources import open_source
from cdst_ros.evaluation.staging import OutputExistsError
from cdst_ros.recordings.bag import BagReader
from cdst_ros.recordings.bag_writer import BagWriter
from cdst_ros.recordings.errors import BagError
from cdst_ros.superres.store import depth_models

LOW = CameraModel.from_intrinsics(40.0, 40.0, 19.5, 14.5, 40, 30)
FINE = LOW.scaled(2, GridAlignment.HALF_PIXEL)
PERIOD_NS = 33_000_000
START_NS = 1_700_000_000 * 10**9
DEPTH, REFERENCE = '/cam/image_raw', '/ref/image_raw'


def world(number, still=False):
    """Return a slanted wall with a box before it, (60, 80) [m], that moves by a pixel a frame."""
    v, u = np.mgrid[:60, :80]
    depth = 1 / (0.3 + 0.001 * u + 0.001 * v)
    left = 20 if still else 10 + number % 40
    depth[20:45, left : left + 25] = 1.2
    depth[:3, :4] = np.nan
    return depth.astype(np.float32)


def measured(number, still=False):
    noise = np.random.default_rng(number).normal(0, 0.003, (30, 40)).astype(np.float32)
    return world(number, still)[::2, ::2] + noise


def write_bag(
    path, frames=12, *, still=False, info=True, reference=True, color=False, storage='.mcap'
):
    with BagWriter(path, storage) as bag:
        for number in range(frames):
            stamp = START_NS + number * PERIOD_NS
            bag.write_depth(DEPTH, measured(number, still), stamp, 'tof')
            if info:
                bag.write_camera('/cam/camera_info', LOW, stamp, 'tof')
            if reference:
                bag.write_depth(REFERENCE, world(number, still), stamp + 10**6, 'tof')
                bag.write_camera('/ref/camera_info', FINE, stamp + 10**6, 'tof')
            if color:
                bag.write_color('/rgb/image_raw', np.zeros((60, 80, 3), np.uint8), stamp, 'tof')
    return path


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    return write_bag(tmp_path_factory.mktemp('bags') / 'walk')


def ask(source, **changes):
    given = {'models': ('lite_x2',), 'reference_topic': REFERENCE, 'frames': 0, **changes}
    return RecordingRequest(source=source, **given)


def rows_of(report):
    return {(row.scale, row.method): row for row in report.report.rows}


def same(report):
    """Return what must be the same of two runs over the same frames: all but times."""
    values = json.loads(json_text(report.to_json()))
    for row in values['rows']:
        row.pop('latency_ms')
    for frame in values['frames']:
        frame.pop('latency_ms')
    verdict = values['verdict'].split(', at ')[0]
    names = ('rows', 'frames', 'bands', 'histogram', 'conditions', 'kept', 'baseline')
    return {**{name: values[name] for name in names}, 'verdict': verdict}


def test_a_reference_in_the_bag_is_what_it_is_scored_by(bag):
    report = evaluate_recording(ask(bag))
    rows = rows_of(report)
    assert list(rows) == [(2, 'nearest'), (2, 'bilinear'), (2, 'bicubic'), (2, 'lite_x2')]
    assert report.judged == ('lite_x2',)
    assert report.baseline in {'nearest', 'bilinear', 'bicubic'}
    assert report.timing['frames'] == report.timing['frames_read'] == 12
    assert report.timing['recorded_seconds'] == pytest.approx(11 * 0.033)
    assert 'of the same view, 2 times as large' in report.report.conditions
    assert any('joint_bilateral left out' in note for note in report.report.notes)
    # Nearest repeats the input: its errors are known without the code under test.
    errors = np.concatenate(
        [
            (np.kron(measured(k), np.ones((2, 2))) - world(k))[np.isfinite(world(k))]
            for k in range(12)
        ]
    )
    # Depth is stored in whole millimetres.
    found = rows[2, 'nearest'].metrics
    assert found['mae_cm'] == pytest.approx(100 * np.nanmean(np.abs(errors)), abs=0.05)
    assert found['rmse_cm'] == pytest.approx(100 * math.sqrt(np.nanmean(errors**2)), abs=0.05)
    assert rows[2, 'lite_x2'].details['versus']['edge_mae_cm']['floor'] == report.baseline
    assert report.verdict.startswith('On this camera x2 ')
    assert sorted(row.details['rank'] for row in rows.values()) == [1, 2, 3, 4]
    assert all(row.details['latency_ms']['median'] > 0 for row in rows.values())


def test_models_that_nobody_named_are_those_of_depth_alone(bag):
    wanted = ask(bag, models=None, scales=(4,), reference_topic=None, frames=1, depth_topic=DEPTH)
    judged = evaluate_recording(wanted).judged
    assert set(judged) == {name for name in depth_models() if '_x4' in name}


def test_pooled_and_framewise_figures_belong_together(bag):
    report = evaluate_recording(ask(bag))
    by_frame = [frame.metrics['lite_x2'] for frame in report.frames]
    assert [frame.index for frame in report.frames] == list(range(12))
    assert report.frames[1].stamp_ns == START_NS + PERIOD_NS
    pooled = rows_of(report)[2, 'lite_x2'].metrics
    # All frames have as many pixels, so the pooled square is the mean of theirs.
    squares = [frame['rmse_cm'] ** 2 for frame in by_frame]
    assert pooled['rmse_cm'] == pytest.approx(math.sqrt(np.mean(squares)), rel=1e-3)
    bands = report.bands[2, 'lite_x2']
    weights = [band.pixels for band in bands]
    mean = np.average([band.mae_cm for band in bands], weights=weights)
    assert pooled['mae_cm'] == pytest.approx(mean)
    edges, counts = report.histogram[2, 'lite_x2']
    assert sum(counts) == sum(weights)
    assert len(edges) == len(counts) + 1


def test_the_frames_worth_seeing_are_read_again(bag):
    report = evaluate_recording(ask(bag))
    assert [one.role for one in report.kept] == ['best', 'median', 'worst']
    errors = sorted(frame.metrics['lite_x2']['edge_mae_cm'] for frame in report.frames)
    for one, expected in zip(report.kept, (errors[0], errors[6], errors[-1]), strict=True):
        assert one.score.metrics['lite_x2']['edge_mae_cm'] == expected
        assert set(one.outputs) == {'nearest', 'bilinear', 'bicubic', 'lite_x2'}
        np.testing.assert_allclose(one.reference, world(one.score.index), atol=0.00051)
        assert one.low.shape == (30, 40)
        assert one.sigma.shape == one.reference.shape
        assert one.camera == FINE
    assert evaluate_recording(ask(bag, keep=False)).kept == ()


class KilledError(Exception):
    pass


@pytest.mark.parametrize('after', [0, 1, 5])
def test_a_killed_run_goes_on_and_gives_the_same(bag, tmp_path, after):
    def killer(done, total, what):
        if done > after:
            raise KilledError

    journal = tmp_path / 'journal.jsonl'
    with pytest.raises(KilledError):
        evaluate_recording(ask(bag, journal=journal, progress=killer))
    report = evaluate_recording(ask(bag, journal=journal))
    assert report.timing['frames_resumed'] == after + 1
    assert math.isnan(report.timing['realtime_factor'])
    assert same(report) == same(evaluate_recording(ask(bag)))
    again = evaluate_recording(ask(bag, journal=journal))
    assert again.timing['frames_resumed'] == 12
    assert same(again) == same(report)


def test_flicker_goes_on_over_a_kill(tmp_path):
    bag = write_bag(tmp_path / 'still', still=True)
    seen = []

    def killer(done, total, what):
        seen.append(what)
        if len(seen) == 6:
            raise KilledError

    journal = tmp_path / 'journal.jsonl'
    with pytest.raises(KilledError):
        evaluate_recording(ask(bag, journal=journal, progress=killer))
    report, whole = evaluate_recording(ask(bag, journal=journal)), evaluate_recording(ask(bag))
    assert same(report) == same(whole)
    # Two readings of 3 mm noise differ by 2 / sqrt(pi) times that, in the mean.
    flicker = rows_of(whole)[2, 'nearest'].metrics['flicker_cm']
    assert flicker == pytest.approx(0.3 * 2 / math.sqrt(math.pi), rel=0.05)
    assert any('1 first, 11 still' in note for note in whole.report.notes)


def test_a_camera_in_motion_has_no_flicker_without_poses(tmp_path):
    with BagWriter(tmp_path / 'b') as bag:
        for number in range(12):
            # The whole view slides by a pixel a frame.
            v, u = np.mgrid[:48, :64]
            depth = 2 + 0.3 * np.sin((u + number) / 4) + 0.1 * np.sin(v / 3)
            stamp = START_NS + number * PERIOD_NS
            bag.write_depth(DEPTH, depth.astype(np.float32), stamp, 'tof')
    report = evaluate_recording(ask(tmp_path / 'b', reference_topic=None))
    assert 'flicker_cm' not in rows_of(report)[2, 'nearest'].metrics
    assert any('poses unknown' in note for note in report.report.notes)


def test_the_journal_of_other_models_is_refused(bag, tmp_path):
    journal = tmp_path / 'journal.jsonl'
    evaluate_recording(ask(bag, journal=journal))
    with pytest.raises(EvaluationError, match='methods'):
        evaluate_recording(ask(bag, journal=journal, models=()))
    with pytest.raises(EvaluationError, match='chosen'):
        evaluate_recording(ask(bag, journal=journal, frames=3))


def test_fewer_frames_are_spread(bag):
    report = evaluate_recording(ask(bag, frames=3))
    assert [frame.index for frame in report.frames] == [0, 6, 11]
    assert '3, spread over the 12 frames' in report.report.conditions
    assert 'too few' in report.verdict


def test_without_a_reference_depth_is_lowered_and_restored(tmp_path):
    bag = write_bag(tmp_path / 'b', reference=False)
    report = evaluate_recording(ask(bag, reference_topic=None, models=('lite_x2', 'fast_x4')))
    assert {scale for scale, _ in rows_of(report)} == {2, 4}
    assert report.report.protocol == 'recording, valid_median'
    assert "protocol 'valid_median'" in report.report.conditions
    assert report.verdict.startswith('On this camera, lowered by valid_median and restored, x2 ')
    assert '; x4 ' in report.verdict
    other = evaluate_recording(ask(bag, reference_topic=None, degrade='tof'))
    assert other.report.protocol == 'recording, tof'
    assert same(other) != same(report)


def test_lowered_twice_it_is_the_protocol_of_the_walk(photos):
    """``hololens_x2`` is what anybody gets with --reduce 2 --degrade valid_median --scale 2."""
    ours = evaluate_recording(
        RecordingRequest(
            photos, models=('lite_x2',), scales=(2,), reduce=2, degrade='valid_median'
        )
    )
    theirs = hololens.run(Request(data=photos, models=('lite_x2',)))
    assert [row.method for row in ours.report.rows] == [row.method for row in theirs.rows]
    for mine, row in zip(ours.report.rows, theirs.rows, strict=True):
        assert mine.metrics == pytest.approx(row.metrics, nan_ok=True)
        assert set(mine.intervals) == set(row.intervals)
        for name, interval in row.intervals.items():
            assert mine.intervals[name] == pytest.approx(interval, nan_ok=True)


def test_colour_lets_the_joint_bilateral_stand_beside(tmp_path):
    bag = write_bag(tmp_path / 'b', 3, color=True)
    assert (2, 'joint_bilateral') in rows_of(evaluate_recording(ask(bag)))


def test_a_table_has_a_row_a_frame_and_method(bag, tmp_path):
    report = evaluate_recording(ask(bag))
    write_csv(report, tmp_path / 'frames.csv')
    with (tmp_path / 'frames.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12 * 4
    row = next(r for r in rows if r['frame'] == '7' and r['method'] == 'lite_x2')
    assert float(row['edge_mae_cm']) == report.frames[7].metrics['lite_x2']['edge_mae_cm']
    assert row['stamp_ns'] == str(START_NS + 7 * PERIOD_NS)
    assert float(row['latency_ms']) > 0
    assert next(r for r in rows if r['method'] == 'nearest')['ause'] == ''


@pytest.mark.parametrize('storage', ['.mcap', '.db3'])
def test_a_bag_to_look_at_has_input_reference_and_output(bag, tmp_path, storage):
    out = tmp_path / f'seen{storage}'
    evaluate_recording(ask(bag, bag=out, frames=2))
    with BagReader(
        out, depth_topic='/depth_hr/image_raw', reference_topic='/reference/image_raw'
    ) as read:
        frames = list(read)
        assert set(read.stream.topics) == {
            f'/{name}/{topic}'
            for name in ('depth', 'reference', 'depth_hr')
            for topic in ('image_raw', 'camera_info')
        }
    assert [frame.stamp_ns for frame in frames] == [START_NS + k * PERIOD_NS for k in range(12)]
    assert all(frame.camera == FINE for frame in frames)
    assert all(frame.frame_id == 'tof' for frame in frames)
    np.testing.assert_allclose(frames[5].reference, world(5), atol=0.00101)
    with BagReader(out, depth_topic='/depth/image_raw') as read:
        frame = next(iter(read))
    assert frame.camera.intrinsics() == pytest.approx(LOW.intrinsics())
    np.testing.assert_allclose(frame.depth[5:], measured(0)[5:], atol=0.00101)
    with pytest.raises(OutputExistsError):
        evaluate_recording(ask(bag, bag=out, frames=2))


def test_scales_and_models_have_topics_of_their_own(tmp_path):
    bag = write_bag(tmp_path / 'b', 2, reference=False)
    out = tmp_path / 'seen.mcap'
    models = ('lite_x2', 'fast_x4', 'lite_x4')
    evaluate_recording(ask(bag, bag=out, reference_topic=None, models=models))
    with BagReader(out, depth_topic='/x4/depth_hr/lite_x4/image_raw') as read:
        assert len(list(read)) == 2
        assert '/x2/depth_hr/image_raw' in read.stream.topics
        assert '/x2/depth_hr/lite_x2/image_raw' not in read.stream.topics


def test_a_bag_is_refused_before_the_work(bag, photos, tmp_path):
    with pytest.raises(EvaluationError, match=r'name the bag seen.mcap or seen.db3'):
        evaluate_recording(ask(bag, bag=tmp_path / 'seen.bag'))
    with pytest.raises(EvaluationError, match='record import'):
        evaluate_recording(RecordingRequest(photos, models=(), bag=tmp_path / 'seen.mcap'))


def test_a_damaged_bag_yields_what_can_be_read(bag, tmp_path):
    whole = (write_bag(tmp_path / 'b', storage='.db3') / 'b.db3').read_bytes()
    cut = tmp_path / 'cut.db3'
    cut.write_bytes(whole[: int(0.7 * len(whole))])
    report = evaluate_recording(ask(cut))
    assert 3 < len(report.frames) < 12
    assert any('rows are damaged' in note for note in report.report.notes)
    undamaged = {frame.index: frame.metrics for frame in evaluate_recording(ask(bag)).frames}
    for frame in report.frames:
        for method, made in frame.metrics.items():
            assert made['edge_mae_cm'] == undamaged[frame.index][method]['edge_mae_cm']


def test_a_bag_without_camera_info_has_no_occupancy(tmp_path):
    report = evaluate_recording(ask(write_bag(tmp_path / 'b', 3, info=False)))
    assert 'occupancy_f1' not in rows_of(report)[2, 'nearest'].metrics
    notes = ' '.join(report.report.notes)
    assert 'no camera_info tells how input and reference lie' in notes
    assert '3 frames have no calibrated camera_info' in notes


def test_stamps_out_of_order_are_read(tmp_path):
    with BagWriter(tmp_path / 'b') as bag:
        for log, number in enumerate((1, 0, 3, 2, 5, 4)):
            stamp = START_NS + number * PERIOD_NS
            bag.write_depth(DEPTH, measured(number), stamp, 'tof', log_time_ns=START_NS + log)
    request = ask(tmp_path / 'b', reference_topic=None, models=())
    report = evaluate_recording(request)
    assert len({frame.stamp_ns for frame in report.frames}) == 6
    assert report.timing['recorded_seconds'] == pytest.approx(5 * 0.033)
    assert any('3 of 6 stamps lie before' in note for note in report.report.notes)


def test_what_contradicts_is_refused(bag, tmp_path):
    with pytest.raises(EvaluationError, match='leave --degrade out'):
        evaluate_recording(ask(bag, degrade='area'))
    with pytest.raises(EvaluationError, match='without a reference'):
        evaluate_recording(ask(bag, reduce=2))
    with pytest.raises(EvaluationError, match='no degradation'):
        evaluate_recording(ask(bag, degrade='worse', reference_topic=None, depth_topic=DEPTH))
    with pytest.raises(EvaluationError, match=r'several depth topics.*--reference-topic'):
        evaluate_recording(ask(bag, reference_topic=None))
    with pytest.raises(EvaluationError, match='x4 cannot be judged'):
        evaluate_recording(ask(bag, models=('lite_x4',)))
    with pytest.raises(BagError, match='no image topic /absent'):
        evaluate_recording(ask(bag, reference_topic='/absent'))


def test_a_recording_with_poses_and_a_reference(tmp_path):
    from cdst_ros.recordings.writer import Picture, RecordingWriter

    with RecordingWriter(tmp_path / 'walk') as writer:
        for number in range(8):
            pose = np.eye(4)
            pose[0, 3] = 0.002 * number
            low, high = (
                np.nan_to_num(1000 * depth).astype(np.uint16)
                for depth in (measured(number, still=True), world(number, still=True))
            )
            writer.append(
                START_NS + number * PERIOD_NS,
                Picture(low, 'tof', LOW),
                reference=Picture(high, 'tof', FINE),
                pose=pose,
            )
    report = evaluate_recording(ask(tmp_path / 'walk', reference_topic=None))
    rows = rows_of(report)
    assert "the recording's own reference" in report.report.conditions
    assert rows[2, 'nearest'].metrics['moving_flicker_cm'] > 0
    assert any('7 moving' in note for note in report.report.notes)
    # Asked to, the recorded depth is lowered though there is a reference.
    lowered = evaluate_recording(ask(tmp_path / 'walk', reference_topic=None, degrade='area'))
    assert lowered.report.protocol == 'recording, area'


def test_every_frame_goes_through_the_one_frame_path(bag, monkeypatch):
    from cdst_ros.evaluation import frame_scoring

    calls = []

    class Watched(frame_scoring.SuperResolution):
        def __call__(self, depth, rgb=None):
            calls.append((self.engine.info.model, self.settings.bounded, depth.copy()))
            return super().__call__(depth, rgb)

    monkeypatch.setattr(frame_scoring, 'SuperResolution', Watched)
    request = ask(bag, keep=False)
    evaluate_recording(replace(request, settings=replace(request.settings, min_depth=0.1)))
    with open_source(bag, depth_topic=DEPTH) as source:
        depths = [frame.depth for frame in source]
    ours = [depth for model, bounded, depth in calls if model == 'lite_x2' and bounded]
    # The first frame twice: it makes the engine ready.
    assert len(ours) == 13
    for given, depth in zip(ours[1:], depths, strict=True):
        np.testing.assert_array_equal(given, depth)
    assert not any(bounded for model, bounded, _ in calls if model != 'lite_x2')
