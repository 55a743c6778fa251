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
"""The profile that training and the guard take: what was measured, and what is a prior."""

from dataclasses import replace

import numpy as np
import pytest

from cdst_ros.depth.noise import NoiseModel
from cdst_ros.evaluation.characterise import Wanted, characterise, measured_profile
from cdst_ros.recordings.sequences import MeasuredNoise
from cdst_ros.recordings.writer import Picture, RecordingWriter
from cdst_ros.synthetic import GENERIC, SyntheticCamera, load_profile

SENSOR = replace(load_profile('tof'), name='mine', noise_persistence=0.0, range_m=(0.1, 10.0))


def record(folder, frames, *, still, seeds=(10, 3), noise=None):
    """Record a sensor that stands still, or walks."""
    with RecordingWriter(folder, rate_hz=30.0) as writer:
        for place, seed in enumerate(seeds):
            camera = SyntheticCamera(
                seed,
                160,
                120,
                scale=2,
                profile=SENSOR,
                frames=1 if still else frames,
                still=frames if still else 0,
                rate_hz=30.0 if still else 3.0,
            )
            for number in range(frames):
                frame = camera.frame(number)
                stamp_ns = frame.stamp_ns + round(20e9 * place)
                writer.append(stamp_ns, Picture(frame.depth, frame.frame_id, frame.camera))
        if noise is not None:
            writer.note(noise=noise)
    return folder


@pytest.fixture(scope='module')
def still(tmp_path_factory):
    return record(tmp_path_factory.mktemp('still') / 'still', 12, still=True)


@pytest.fixture(scope='module')
def walked(tmp_path_factory):
    return record(tmp_path_factory.mktemp('walked') / 'walked', 5, still=False)


def traits_of(path, base=GENERIC):
    return {one.key: one for one in characterise(Wanted(path, base=base)).traits}


def test_a_known_sensor_is_recovered(still, tmp_path):
    """Sigma within 10 % where walls were seen, and its steps exactly."""
    file = tmp_path / 'mine.yaml'
    found = measured_profile(still, file)
    assert load_profile(file) == found
    depth = np.array([2.0, 2.5, 3.0], np.float32)
    np.testing.assert_allclose(found.noise.sigma(depth), SENSOR.noise.sigma(depth), rtol=0.1)
    assert found.quantisation == SENSOR.quantisation
    assert found.noise_correlation == pytest.approx(SENSOR.noise_correlation, abs=0.15)
    assert found.registration is None
    assert found.optics.field_of_view == pytest.approx(SENSOR.optics.field_of_view, abs=0.1)
    text = file.read_text()
    assert '# measured: sigma(z) in metres, over time, from ' in text
    assert 'pixels of still spans\nnoise: ' in text


def test_without_still_seconds_sigma_is_a_prior_and_it_says_so(walked, tmp_path):
    tof = load_profile('tof')
    found = measured_profile(walked, tmp_path / 'mine.yaml', base='tof')
    assert found.noise == tof.noise
    assert found.noise_persistence == tof.noise_persistence
    assert found.time_of_flight == tof.time_of_flight
    text = (tmp_path / 'mine.yaml').read_text()
    assert '# prior: sigma(z): nothing was still; that of the profile tof\nnoise: ' in text
    noise = traits_of(walked)['noise']
    assert not noise.measured
    assert 'not measured' in noise.why
    assert 'hold the camera still' in noise.why


def test_what_was_measured_while_held_still_counts_in_a_walk(tmp_path):
    held = MeasuredNoise(
        NoiseModel(0.001, 0.0005, 0.0006), 24, 5, (1.0, 2.0), (0.002, 0.004), (600, 400)
    )
    path = record(tmp_path / 'walk', 3, still=False, seeds=(3,), noise=held)
    noise = traits_of(path)['noise']
    assert noise.measured
    assert noise.value == {'constant': 0.001, 'linear': 0.0005, 'quadratic': 0.0006}
    assert 'from 1000 pixels of 24 frames while the camera was held still' in noise.why
    # What stays between frames the camera held still does not tell: by the base, 30 % of it.
    stays = traits_of(path, load_profile('tof'))['noise']
    assert stays.value['constant'] == pytest.approx(0.001 / np.sqrt(0.7), rel=0.01)
    assert '30%, a prior' in stays.why


def test_every_value_has_its_origin(still):
    for trait in traits_of(still, load_profile('stereo')).values():
        assert trait.why
        assert trait.measured or trait.key in GENERIC.__dataclass_fields__


def test_a_base_that_is_none_is_refused(still):
    with pytest.raises(ValueError, match='no sensor profile'):
        measured_profile(still, base='nothing of the kind')
