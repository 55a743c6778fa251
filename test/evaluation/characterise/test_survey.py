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

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from depth.views import looks, taken

from cdst_ros.depth.camera import CameraModel
from cdst_ros.evaluation.characterise import NOT_TOLD, Wanted, characterise, write_profile
from cdst_ros.evaluation.characterise.page import page_of, write_html
from cdst_ros.evaluation.plain import json_text
from cdst_ros.evaluation.report import EvaluationError
from cdst_ros.evaluation.sources import SourceError
from cdst_ros.recordings.errors import BagError
from cdst_ros.recordings.folder import import_folder
from cdst_ros.recordings.writer import Picture, RecordingWriter
from cdst_ros.synthetic import Sampling, SensorProfile, SyntheticCamera, degrade, load_profile

from .tour import Tour

SMALL = SensorProfile('small', sampling=Sampling.MEAN, quantisation=0.001, pixel_dropout=0.01)


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """Images of a walk, with colour and intrinsics."""
    path = tmp_path_factory.mktemp('walk')
    camera = SyntheticCamera(3, 160, 120, scale=1, frames=6, profile=load_profile('generic'))
    fx, fy, cx, cy = camera.camera.intrinsics()
    np.savetxt(path / 'K.txt', [[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    for k in range(6):
        frame = camera.frame(k)
        units = np.nan_to_num(1000 * frame.depth).round().astype(np.uint16)
        cv2.imwrite(str(path / f'{k:03d}_depth.png'), units)
        cv2.imwrite(str(path / f'{k:03d}_rgb.jpg'), frame.color[..., ::-1])
    return path


def test_a_folder_tells_no_time_and_no_persistence(folder: Path):
    found = characterise(Wanted(folder))
    assert found.frames == 6
    assert found.seconds == 0
    assert 'without stamps' in found['timing']['rate'].note
    assert found['timing']['rate'].text == NOT_TOLD
    assert 'nothing was still' in ' '.join(found['noise'].notes)
    assert not found['noise']['persistence'].told
    assert found['camera']['field_of_view'].value == pytest.approx(75, abs=0.1)
    assert found['registration']['right'].evidence > 0


def test_a_recording_says_that_its_stamps_are_made(folder: Path, tmp_path: Path):
    import_folder(folder, tmp_path / 'recording', 10.0)
    found = characterise(Wanted(tmp_path / 'recording'))
    assert found.frames == 6
    assert 'made at import' in found['timing']['rate'].note
    assert found['holes']['all'].value == pytest.approx(
        characterise(Wanted(folder))['holes']['all'].value
    )


LOW = CameraModel.from_intrinsics(84.0, 84.0, 47.5, 35.5, 96, 72)
COLOR = CameraModel.from_intrinsics(180.0, 180.0, 111.5, 83.5, 224, 168)


TO_COLOR = np.eye(4)
TO_COLOR[0, 3] = -0.04


@pytest.fixture(scope='module')
def views():
    """Depth, and colour of a camera beside it."""
    return [taken(scene, pose, LOW, COLOR, TO_COLOR) for scene, pose in looks(5)]


@pytest.mark.parametrize('degrees', [0.0, 1.0])
def test_colour_of_another_camera_is_placed_by_what_was_recorded(tmp_path, views, degrees):
    told = TO_COLOR.copy()
    told[:3, :3] = cv2.Rodrigues(np.array([0.0, np.radians(degrees), 0.0]))[0]
    for name, extrinsics in (('known', {'color': np.linalg.inv(told)}), ('lost', None)):
        with RecordingWriter(tmp_path / name, rate_hz=1) as writer:
            for number, (depth, color) in enumerate(views):
                pictures = Picture(depth, 'tof', LOW), Picture(color, 'rgb', COLOR)
                writer.append((number + 1) * 10**9, *pictures, extrinsics=extrinsics)
    found = characterise(Wanted(tmp_path / 'known'))['registration']
    assert found['right'].value == pytest.approx(-1.5 * degrees, abs=0.3)
    assert found['down'].value == pytest.approx(0.0, abs=0.3)
    lost = characterise(Wanted(tmp_path / 'lost'))['registration']
    assert 'record /tf_static' in lost['right'].note


def test_one_image_is_enough_for_some(folder: Path):
    found = characterise(Wanted(folder / '000_depth.png'))
    assert found.frames == 1
    assert found['holes']['all'].told
    assert not found['timing']['rate'].told
    assert 'pixels' in found.verdict


@pytest.fixture(scope='module')
def bag(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp('bags') / 'bag'
    return Tour(SMALL, size=(96, 72), seeds=(3,), frames=30).write(path)


def test_a_bag_without_colour(bag: Path):
    found = characterise(Wanted(bag), command='cdst-ros characterise bag')
    assert found.frames == 30
    assert found.topic == '/depth/image_raw'
    assert found.seconds == pytest.approx(29 / 30)
    assert 'no colour' in found['registration']['right'].note
    assert found.damage == ()


def test_a_damaged_bag_is_read_as_far_as_it_goes(tmp_path: Path):
    tour = Tour(SMALL, size=(96, 72), seeds=(3,), frames=30, storage='.db3')
    whole = next(tour.write(tmp_path / 'bag').glob('*.db3')).read_bytes()
    cut = tmp_path / 'cut.db3'
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    found = characterise(Wanted(cut))
    assert 5 < found.frames < 30
    assert 'cut.db3' in ' '.join(found.damage)
    assert found['timing']['rate'].value == pytest.approx(30, rel=0.02)


def test_progress_comes_to_its_end(bag: Path):
    told: list[tuple[int, int, str]] = []
    characterise(Wanted(bag), lambda *args: told.append(args))
    assert {what for _, _, what in told} == {'stamps', 'frames'}
    assert [done for done, _, what in told if what == 'frames'] == list(range(30))


def test_what_cannot_be_read_is_told(tmp_path: Path):
    with pytest.raises(SourceError, match='does not exist'):
        characterise(Wanted(tmp_path / 'nothing'))
    (tmp_path / 'no.mcap').write_bytes(b'no bag')
    with pytest.raises(BagError, match=r'no\.mcap'):
        characterise(Wanted(tmp_path / 'no.mcap'))
    (tmp_path / 'images').mkdir()
    (tmp_path / 'images' / 'a_depth.png').write_bytes(b'no image')
    with pytest.raises(EvaluationError, match='no depth frame can be read'):
        characterise(Wanted(tmp_path / 'images'))


def test_figures_are_json_and_come_with_their_evidence(bag: Path):
    found = characterise(Wanted(bag))
    values = json.loads(json_text(found.to_json()))
    for section in found.sections:
        for figure in section.figures:
            written = values[section.name][figure.name]
            assert written['value'] == figure.value
            assert figure.told or figure.note, figure.name
            assert not figure.told or figure.evidence > 0, figure.name
    assert values['profile']['name'] == 'bag'
    assert all(trait['why'] for trait in values['traits'].values())


def test_the_profile_is_taken_by_whoever_takes_profiles(bag: Path, tmp_path: Path):
    found = characterise(Wanted(bag))
    path = tmp_path / 'mine.yaml'
    written = write_profile(path, found.traits, found.source, found.created)
    assert load_profile(path) == written
    assert written.name == 'mine'
    assert written.optics.size == (96, 72)
    text = path.read_text()
    for trait in found.traits:
        kind = 'measured' if trait.measured else 'prior'
        assert f'# {kind}: {trait.why}\n{trait.key}: ' in text
    # and a camera of it can be played and used to degrade
    frame = SyntheticCamera(1, 48, 36, scale=2, profile=written, frames=1).frame(0)
    assert np.isfinite(frame.depth).mean() > 0.3
    depth = np.full((40, 60), 2.0, np.float32)
    assert degrade(depth, 2, np.random.default_rng(0), written).shape == (20, 30)


def test_the_page_shows_every_section_and_profile(folder: Path, tmp_path: Path):
    found = characterise(Wanted(folder))
    page = page_of(found)
    assert [section.title for section in page.sections][1:-2] == [
        section.title for section in found.sections
    ]
    write_html(found, tmp_path / 'page.html')
    text = (tmp_path / 'page.html').read_text()
    assert found.verdict in text.replace('\N{NO-BREAK SPACE}', ' ')
    assert '# prior: ' in text
    assert 'src="http' not in text
    assert 'nan' not in text.split('<body')[1].split('base64')[0]
