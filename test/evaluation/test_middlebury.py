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
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from cdst_ros.evaluation.error_image import paint_error
from cdst_ros.evaluation.methods import Method
from cdst_ros.evaluation.metrics import mad, rmse
from cdst_ros.evaluation.middlebury import (
    ERROR_MAP_LEVELS,
    MAPPING,
    SCENES,
    DisparityMapping,
    Scene,
    load_scenes,
    reduce,
    restore,
    run,
    to_grey,
)
from cdst_ros.evaluation.report import EvaluationError, Request
from cdst_ros.superres.engines import open_engine


def truth(seed, size=(96, 128)):
    rng = np.random.default_rng(seed)
    image = np.full(size, 60.0)
    for _ in range(6):
        y, x = rng.integers(0, size[0] - 20), rng.integers(0, size[1] - 20)
        image[y : y + rng.integers(8, 40), x : x + rng.integers(8, 40)] = rng.integers(70, 250)
    return (image + np.linspace(0, 5, size[1])).astype(np.uint8)


@pytest.fixture
def six(tmp_path):
    for seed, name in enumerate(SCENES):
        image = truth(seed)
        cv2.imwrite(str(tmp_path / f'{name}_depth.png'), image)
        cv2.imwrite(str(tmp_path / f'{name}_rgb.jpg'), cv2.applyColorMap(image, cv2.COLORMAP_JET))
    return tmp_path


def test_disparity_goes_through_metres_and_comes_back():
    levels = np.arange(256, dtype=np.uint8)
    depth = MAPPING.to_metres(levels)
    assert depth.dtype == np.float32
    assert depth.min() > 0
    np.testing.assert_allclose(depth[10], (10 + MAPPING.offset) * MAPPING.step, rtol=1e-6)
    np.testing.assert_array_equal(to_grey(MAPPING.to_disparity(depth)), levels)


def test_outputs_are_clipped_and_rounded():
    levels = np.array([-3.0, 0.49, 0.51, 254.6, 300.0, np.nan], np.float32)
    assert to_grey(levels).tolist() == [0, 0, 1, 255, 255, 0]


def test_the_input_is_made_without_anti_aliasing():
    stripes = np.zeros((16, 16), np.uint8)
    stripes[:, ::2] = 200
    low = reduce(stripes, 4)
    assert low.shape == (4, 4)
    expected = cv2.resize(stripes, (4, 4), interpolation=cv2.INTER_CUBIC)
    np.testing.assert_array_equal(low, expected)
    with pytest.raises(EvaluationError, match='128x96 is no multiple of 5'):
        reduce(truth(0), 5)


@pytest.mark.parametrize('scale', [2, 4, 8, 16])
def test_bicubic_is_cv2_both_ways(scale):
    scene = Scene('x', truth(3), None)
    method = Method('bicubic', open_engine(None, 'bicubic', scale=scale), is_model=False)
    low = cv2.resize(
        scene.truth, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_CUBIC
    ).astype(np.float32)
    size = scene.truth.shape[::-1]
    both_ways = np.rint(np.clip(cv2.resize(low, size, interpolation=cv2.INTER_CUBIC), 0, 255))
    outcome = restore(scene, method)
    np.testing.assert_array_equal(outcome.output, both_ways)
    assert outcome.unbounded is None


def test_black_is_a_disparity_like_any_other():
    scene = Scene('x', np.zeros((16, 16), np.uint8), None)
    for name in ('nearest', 'bilinear', 'bicubic'):
        outcome = restore(scene, Method(name, open_engine(None, name, scale=4), is_model=False))
        assert (outcome.holes, outcome.output.max()) == (0, 0)


def test_a_model_is_bounded_and_the_price_is_known(make_engine):
    scene = Scene('x', truth(1), None)
    off = Method('off', make_engine(scale=4, added=0.5), is_model=True)
    outcome = restore(scene, off)
    # 0.5 m are 50 grey levels; the bound leaves sigma, 1 cm or one level.
    gained = outcome.unbounded.astype(int) - outcome.output
    assert np.median(gained) == pytest.approx(49, abs=1)
    assert outcome.clipped > 0.4
    assert not any(outcome.broken)
    assert outcome.holes == 0
    free = restore(scene, off, bounded=False)
    np.testing.assert_array_equal(free.output, outcome.unbounded)
    good = restore(scene, Method('good', make_engine(scale=4), is_model=True))
    assert good.clipped == 0
    np.testing.assert_array_equal(good.output, good.unbounded)


def test_broken_promises_are_found(make_engine, monkeypatch):
    from cdst_ros.superres import frame

    monkeypatch.setattr(frame, 'bound', lambda *args, **kwargs: 0.0)
    outcome = restore(
        Scene('x', truth(1), None), Method('off', make_engine(4, 0.5), is_model=True)
    )
    assert outcome.broken.outside > 1000
    assert outcome.broken.erased > 100


def test_another_mapping_is_taken(make_engine):
    scene = Scene('x', truth(2), None)
    method = Method('off', make_engine(scale=2, added=0.5), is_model=True)
    outcome = restore(scene, method, bounded=False, mapping=DisparityMapping(1.0, 0.1))
    plain = restore(scene, Method('good', make_engine(scale=2), is_model=True), bounded=False)
    assert mad(outcome.output, plain.output) == pytest.approx(5, abs=0.1)


def test_the_report_has_every_scene_and_their_mean(six):
    done = []
    report = run(
        Request(six, scales=(2, 4), progress=lambda n, total, what: done.append((n, total, what)))
    )
    rows = {(row.method, row.scale): row for row in report.rows}
    assert set(rows) == {
        (m, s) for m in ('nearest', 'bilinear', 'bicubic', 'joint_bilateral') for s in (2, 4)
    }
    row = rows['bicubic', 4]
    assert list(row.scores['mad']) == [*SCENES, 'mean']
    outcome = restore(
        load_scenes(six)[2], Method('b', open_engine(None, 'bicubic', scale=4), is_model=False)
    )
    assert row.scores['mad']['dolls'] == mad(outcome.output, truth(2))
    assert row.scores['rmse']['dolls'] == rmse(outcome.output, truth(2))
    values = [row.scores['mad'][scene] for scene in SCENES]
    assert row.scores['mad']['mean'] == pytest.approx(np.mean(values))
    assert report.broken == []
    assert '6 frames' in report.checked
    assert done[0] == (0, 48, 'nearest x2 art')
    assert done[-1][:2] == (48, 48)
    values = report.to_json()
    assert values['protocol'] == 'middlebury6'
    assert set(values['rows'][0]) >= {'method', 'scale', 'mad', 'rmse'}


def test_without_colour_the_guided_method_is_left_out(six):
    (six / 'moebius_rgb.jpg').unlink()
    report = run(Request(six, scales=(4,)))
    assert {row.method for row in report.rows} == {'nearest', 'bilinear', 'bicubic'}
    assert 'guided methods are left out' in report.notes[0]


def test_a_model_is_run_at_its_own_scale_only(six):
    with pytest.raises(EvaluationError, match='lite_x4 enlarges by 4'):
        run(Request(six, scales=(2,), models=('lite_x4',)))
    report = run(Request(six, scales=(2, 4), models=('lite_x4',)))
    (row,) = [row for row in report.rows if row.method == 'lite_x4']
    assert row.scale == 4
    assert row.details['bounded'] is True
    assert 0 <= row.details['clipped_fraction'] < 1
    assert set(row.details['mad_unbounded']) == {*SCENES, 'mean'}
    assert report.broken == []
    free = run(Request(six, scales=(4,), models=('lite_x4',), bounded=False))
    (loose,) = [one for one in free.rows if one.method == 'lite_x4']
    assert loose.scores['mad'] == row.details['mad_unbounded']
    assert loose.details['bounded'] is False
    assert 'bound off' in free.checked


def test_two_models_of_one_name_are_told_apart(six, tmp_path):
    from cdst_ros.superres.store import find_model

    copy = tmp_path / 'copy.onnx'
    copy.write_bytes(find_model('lite_x4').read_bytes())
    maps = tmp_path / 'maps'
    report = run(Request(six, scales=(4,), models=('lite_x4', str(copy)), error_maps=maps))
    assert [row.method for row in report.rows][-2:] == ['lite_x4', str(copy)]
    assert report.rows[-1].scores == report.rows[-2].scores
    of_both = [path.read_bytes() for path in maps.glob('art_x4_*') if 'onnx' in path.name]
    assert of_both == [(maps / 'art_x4_lite_x4.png').read_bytes()]


def test_data_of_another_kind_are_refused(six):
    with pytest.raises(EvaluationError, match='of scales'):
        run(Request(six, scales=(3,)))
    cv2.imwrite(str(six / 'art_depth.png'), np.zeros((96, 128), np.uint16))
    with pytest.raises(EvaluationError, match=r'is uint16 .* 8-bit disparity'):
        run(Request(six))
    (six / 'art_depth.png').write_bytes(b'')
    with pytest.raises(EvaluationError, match='is no image that can be read'):
        run(Request(six))
    (six / 'art_depth.png').unlink()
    with pytest.raises(EvaluationError, match=r'art_depth\.png is missing: --data is a folder'):
        run(Request(six))


def test_colour_of_another_size_is_refused(six):
    cv2.imwrite(str(six / 'art_rgb.jpg'), np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(EvaluationError, match=r'art_rgb\.jpg cannot be read, or has another size'):
        run(Request(six))


@pytest.mark.skipif(
    'CDST_DATA' not in os.environ, reason='CDST_DATA does not point to the folder of data sets'
)
def test_the_real_floors_are_reproduced():
    """Compare with the floors that were measured with cv2 alone, to the digits printed."""
    report = run(Request(Path(os.environ['CDST_DATA']) / 'middlebury6'))
    bicubic = [row for row in report.rows if row.method == 'bicubic']
    assert [row.scale for row in bicubic] == [2, 4, 8, 16]
    mads = [f'{row.scores["mad"]["mean"]:.3f}' for row in bicubic]
    rmses = [f'{row.scores["rmse"]["mean"]:.3f}' for row in bicubic]
    assert mads == ['0.293', '0.580', '1.074', '2.041']
    assert rmses == ['1.494', '2.541', '3.704', '5.707']


def test_it_is_of_all_six_always(tmp_path):
    with pytest.raises(EvaluationError, match='leave --frames out'):
        run(Request(tmp_path, frames=2))


def test_error_maps_are_written_on_request(six, tmp_path):
    folder = tmp_path / 'maps' / 'x4'
    run(Request(data=six, scales=(4,), models=(), error_maps=folder))
    names = {f'{scene}_x4_{method}.png' for scene in SCENES for method in ('nearest', 'bicubic')}
    assert names <= {path.name for path in folder.iterdir()}
    truth = cv2.imread(str(six / 'art_depth.png'), cv2.IMREAD_UNCHANGED)
    size = (truth.shape[1], truth.shape[0])
    cubic = cv2.resize(reduce(truth, 4), size, interpolation=cv2.INTER_CUBIC)
    error = cubic.astype(np.float32) - truth
    expected = paint_error(error, ERROR_MAP_LEVELS)
    assert np.array_equal(cv2.imread(str(folder / 'art_x4_bicubic.png')), expected)


def test_error_maps_that_cannot_be_written_say_so(six, tmp_path):
    (tmp_path / 'maps').write_text('')
    with pytest.raises(EvaluationError, match=r'maps.* cannot be written'):
        run(Request(data=six, scales=(4,), models=(), error_maps=tmp_path / 'maps'))
