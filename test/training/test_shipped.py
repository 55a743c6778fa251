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
"""The models that come with the package keep what the networks promise, after training."""

import numpy as np
import pytest

from cdst_ros.depth.grid import GridAlignment
from cdst_ros.superres.contract import read_metadata
from cdst_ros.superres.engines import open_engine
from cdst_ros.superres.frame import Settings, SuperResolution
from cdst_ros.superres.store import shipped_models
from cdst_ros.synthetic import GENERIC, degrade, training_crop

NAMES = ('fast_x4', 'lite_x2', 'lite_x4')


@pytest.fixture(scope='module', params=NAMES)
def engine(request):
    opened = open_engine(request.param, 'onnxruntime', threads=1)
    yield opened
    opened.close()


def enlarge(engine, depth, bounded=False):
    """Return depth (sH, sW) of an engine, or of a classical method of that name and scale."""
    return SuperResolution(engine, Settings(bounded=bounded))(depth).depth.copy()


def classical(name, scale):
    return open_engine(None, name, scale=scale)


@pytest.mark.parametrize('name', NAMES)
def test_they_are_there_small_and_say_what_they_are(name):
    path = shipped_models()[name]
    metadata = read_metadata(path)
    assert path.stat().st_size < 300_000
    assert b'.py' not in path.read_bytes(), 'holds stack traces of the machine that made it'
    assert metadata.name == name
    assert metadata.scale == int(name[-1])
    assert metadata.alignment is GridAlignment.HALF_PIXEL
    assert metadata.noise == GENERIC.noise
    assert 'procedural scenes' in metadata.data
    assert metadata.data_licence == 'Apache-2.0'
    assert metadata.commit
    assert '+changes' not in metadata.commit
    assert metadata.command.startswith(f'cdst-ros train {name}')
    assert metadata.accuracy['middlebury6_mad_mean'] > 0


def test_a_flat_frame_stays_flat(engine):
    for depth in (0.4, 2.0, 9.0):
        out = enlarge(engine, np.full((24, 32), depth, np.float32))
        assert np.abs(out - depth).max() < engine.info.noise.sigma(np.float32(depth))


def test_one_valid_pixel_is_enlarged_alone(engine):
    depth = np.full((15, 15), np.nan, np.float32)
    depth[7, 7] = 1.5
    out = enlarge(engine, depth)
    rows, columns = np.nonzero(np.isfinite(out))
    scale = engine.info.scale
    assert set(rows // scale) == set(columns // scale) == {7}
    assert np.abs(out[rows, columns] - 1.5).max() < 0.05


@pytest.mark.parametrize('height', [0.2, 0.5, 1.5])
def test_a_grazing_floor_is_no_worse_than_bilinear(engine, height):
    """A floor is a plane in 1/z: every row is farther than the last by more."""
    scale, rows = engine.info.scale, 48
    v = np.arange(rows * scale) + 0.5
    truth = np.repeat((height * 300 * scale / (v + 60 * scale))[:, None], 40 * scale, axis=1)
    low = truth.reshape(rows, scale, 40, scale).mean(axis=(1, 3)).astype(np.float32)
    ours, floor = (
        np.abs(enlarge(each, low) - truth)[2 * scale : -2 * scale, 2 * scale : -2 * scale]
        for each in (engine, classical('bilinear', scale))
    )
    # Give or take a tenth of what the sensor could tell.
    slack = 0.1 * engine.info.noise.sigma(truth.astype(np.float32)).mean()
    assert ours.mean() < floor.mean() + slack
    assert ours.max() < floor.max() + 10 * slack


def test_noise_on_a_flat_wall_does_not_grow(engine):
    rng = np.random.default_rng(0)
    sigma = float(engine.info.noise.sigma(np.float32(2.0)))
    wall = (2.0 + sigma * rng.standard_normal((40, 40))).astype(np.float32)
    bilinear = classical('bilinear', engine.info.scale)
    assert (enlarge(engine, wall) - 2.0).std() < (enlarge(bilinear, wall) - 2.0).std()


@pytest.mark.parametrize('bounded', [True, False])
def test_they_beat_every_classical_method_on_scenes_they_never_saw(engine, bounded):
    scale = engine.info.scale
    methods = [engine, *(classical(name, scale) for name in ('nearest', 'bilinear', 'bicubic'))]
    errors = []
    for seed, kind in enumerate(('room', 'closeup', 'grazing', 'thin')):
        rng = np.random.default_rng([20_260_102, seed])
        seen = training_crop(rng, 240, 320, kind=kind)
        low = degrade(seen.depth, scale, rng)
        outputs = [enlarge(method, low, bounded=bounded) for method in methods]
        known = np.all(np.isfinite([seen.depth, *outputs]), axis=0)
        errors.append([float(((out - seen.depth)[known] ** 2).mean()) for out in outputs])
    ours, *theirs = np.sqrt(np.mean(errors, axis=0))
    assert ours < 0.9 * min(theirs)


def test_sigma_tells_where_the_errors_are(engine):
    rng = np.random.default_rng([20_260_102, 9])
    seen = training_crop(rng, 240, 320, kind='closeup')
    low = degrade(seen.depth, engine.info.scale, rng)
    result = SuperResolution(engine)(low)
    known = np.isfinite(result.depth) & np.isfinite(seen.depth)
    error = np.abs(result.depth - seen.depth)[known]
    sigma = result.sigma[known]
    doubtful = sigma > np.quantile(sigma, 0.9)
    assert error[doubtful].mean() > 5 * error[~doubtful].mean()
    within = float(np.mean(error < np.log(2) * sigma))
    assert 0.4 < within < 0.85
