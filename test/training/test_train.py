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
import math
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from cdst_ros.training.checkpoint import completed_steps, newest_checkpoint, read_checkpoint
from cdst_ros.training.config import ConfigError
from cdst_ros.training.data import validation_batches
from cdst_ros.training.system import SuperResSystem, TrainingError
from cdst_ros.training.train import train


def curve(config, column='loss') -> list[float]:
    files = sorted(Path(config.folder).glob('curves/*/metrics.csv'))
    rows = [row for file in files for row in csv.DictReader(file.open())]
    return [float(row[column]) for row in rows if row.get(column)]


def weights(path: Path) -> dict[str, torch.Tensor]:
    return read_checkpoint(path)['state_dict']


def test_training_lowers_the_loss(tiny):
    config = tiny(
        max_steps=20,
        model={'scale': 4, 'options': {'width': 16, 'depth': 1}},
        data={'crop': 16, 'batch_size': 8, 'tiles': 1, 'workers': 0, 'sensor_share': 1.0},
        optimiser={'warmup_steps': 1, 'learning_rate': 1e-2, 'clip': 100.0},
    )
    system = SuperResSystem(config.to_dict())
    fixed = validation_batches(config.data, 4, config.sensors, 4)

    def loss() -> float:
        with torch.no_grad():
            return sum(sum(system.step(batch).losses.values()).item() for batch in fixed)

    before = loss()
    system.load_state_dict(weights(train(config)))
    assert loss() < 0.99 * before
    assert len(curve(config)) == 20


def test_resuming_continues_the_same_curve_exactly(tiny):
    whole = train(tiny(name='whole'))
    half = train(tiny(name='parts', max_steps=3, schedule_steps=6))
    resumed = train(tiny(name='parts'), resume=half)
    assert completed_steps(resumed) == 6
    assert curve(tiny(name='parts')) == curve(tiny(name='whole'))
    ours, theirs = weights(resumed), weights(whole)
    assert ours.keys() == theirs.keys()
    for key, value in ours.items():
        assert torch.equal(value, theirs[key]), key


def test_a_run_that_was_killed_continues_from_its_newest_checkpoint_exactly(tiny, tmp_path):
    whole = weights(train(tiny(name='whole')))
    killed = tiny(name='killed', max_steps=5, schedule_steps=6, checkpoint_every=2)
    train(killed).unlink()  # written at the end, which a kill comes before
    (killed.folder / 'step_9.ckpt').write_bytes(b'cut')
    newest = newest_checkpoint(killed.folder)
    assert newest is not None
    assert completed_steps(newest) == 4
    assert (killed.folder / 'step_9.damaged').exists()
    resumed = weights(train(tiny(name='killed'), resume=newest))
    for key, value in resumed.items():
        assert torch.equal(value, whole[key]), key
    assert newest_checkpoint(tmp_path / 'none') is None


def test_the_seed_decides_the_run(tiny):
    first, again = (weights(train(tiny(name=name))) for name in 'ab')
    other = weights(train(tiny(name='c', seed=1)))
    assert all(torch.equal(value, again[key]) for key, value in first.items())
    assert not all(torch.equal(value, other[key]) for key, value in first.items())


def test_it_watches_procedural_and_real_scenes(tiny, tmp_path, capsys):
    folder = tmp_path / 'data' / 'middlebury24'
    folder.mkdir(parents=True)
    steps = np.kron(np.arange(12, dtype=np.uint8).reshape(3, 4) * 20, np.ones((8, 8), np.uint8))
    for scene in ('baby2', 'cones', 'lampshade1', 'plastic'):
        cv2.imwrite(str(folder / f'{scene}_depth.png'), steps)
    config = tiny(validate_every=3, validation_data=str(tmp_path / 'data'))
    train(config)
    for column in ('val/sigmas', 'val/covered_half', 'val/edge_mae_cm', 'val/middlebury_mad'):
        assert len(curve(config, column)) == 2, column
    floor = curve(config, 'bilinear/mae_cm')
    assert floor[0] == floor[1] > 0
    assert list((config.folder / 'tensorboard').glob('events*'))
    told = capsys.readouterr().err
    assert 'training from step 0 to 6' in told
    assert re.search(r'step 6, .* steps/s: loss .*val/middlebury_mad', told)


def test_missing_validation_scenes_are_named(tiny, tmp_path):
    with pytest.raises(ConfigError, match='neither of middlebury24, msgnet70'):
        train(tiny(validation_data=str(tmp_path)))
    (tmp_path / 'middlebury24').mkdir()
    with pytest.raises(ConfigError, match=r'baby2_depth\.png is missing'):
        train(tiny(validation_data=str(tmp_path)))


def test_a_run_is_not_overwritten(tiny):
    train(tiny(max_steps=1))
    with pytest.raises(ConfigError, match='holds a run already: go on with --resume'):
        train(tiny(max_steps=1))


def test_a_loss_that_is_not_finite_ends_the_run(tiny):
    system = SuperResSystem(tiny().to_dict())
    torch.nn.init.constant_(system.network.head.residual.bias, float('nan'))
    batch = validation_batches(system.config.data, 2, system.config.sensors, 1)[0]
    with pytest.raises(TrainingError, match='not finite at step 0'):
        system.training_step(batch, 0)


def test_a_gradient_that_is_not_finite_ends_the_run_before_it_moves_a_weight(tiny, monkeypatch):
    def spoil(system):
        if system.global_step == 2:
            system.network.head.residual.bias.grad[0] = math.nan

    monkeypatch.setattr(SuperResSystem, 'on_after_backward', spoil)
    config = tiny(max_steps=4, checkpoint_every=1)
    with pytest.raises(TrainingError, match=r'the gradient is not finite at step 2 .*its batch'):
        train(config)
    assert torch.load(config.folder / 'not_finite_2_0.pt', weights_only=True)['depth'].dim() == 4
    last = newest_checkpoint(config.folder)
    assert completed_steps(last) == 2
    assert all(value.isfinite().all() for value in weights(last).values())


def test_a_checkpoint_is_data_and_holds_where_it_comes_from(tiny):
    last = train(tiny(max_steps=1), command='cdst-ros train tiny')
    content = torch.load(last, weights_only=True)
    assert content['provenance']['command'] == 'cdst-ros train tiny'
    assert content['hyper_parameters']['config']['name'] == 'tiny'


@pytest.mark.parametrize('content', [None, b'', b'no checkpoint', {'a': 1}])
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    path = tmp_path / 'some.ckpt'
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(ConfigError, match=r'some\.ckpt'):
        read_checkpoint(path)


def test_a_run_ends_when_validation_gets_no_better(tiny, capsys):
    config = tiny(
        max_steps=50,
        validate_every=1,
        # Nothing is learned, so nothing gets better.
        optimiser={'learning_rate': 1e-12},
        stop={'watch': 'val/mae_cm', 'patience': 2},
    )
    last = train(config)
    assert completed_steps(last) == 3
    told = capsys.readouterr().err
    assert re.search(r'stopped at step 3: val/mae_cm has not fallen for 2 validations', told)


def test_a_validation_that_is_no_number_ends_the_run_and_says_so(tiny, monkeypatch):
    monkeypatch.setattr(
        SuperResSystem, '_centimetres', lambda *_: {'val/mae_cm': torch.tensor(float('nan'))}
    )
    stop = {'watch': 'val/mae_cm', 'patience': 2}
    with pytest.raises(TrainingError, match=r'val/mae_cm is nan at step 2: .*learning_rate'):
        train(tiny(validate_every=2, stop=stop))


def test_a_stop_by_a_figure_that_there_is_not_is_refused_before_the_first_step(tiny):
    config = tiny(stop={'watch': 'val/foo'})
    with pytest.raises(ConfigError, match=r'val/foo is no figure .* val/mae_cm'):
        train(config)
    assert not config.folder.exists()


def test_what_may_end_a_run_is_what_validation_logs(tiny, tmp_path):
    folder = tmp_path / 'msgnet70'
    folder.mkdir()
    for scene in ('05', '15', '25', '35', '45', '55'):
        cv2.imwrite(str(folder / f'{scene}_depth.png'), np.full((16, 16), 99, np.uint8))
    config = tiny(validate_every=1, max_steps=1, validation_data=str(tmp_path))
    train(config)
    file = config.folder / 'curves' / 'from_0' / 'metrics.csv'
    logged = {name for name in csv.DictReader(file.open()).fieldnames if name.startswith('val/')}
    system = SuperResSystem(config.to_dict())
    system.scene_folders = ('msgnet70',) * 6
    assert set(system.watchable) == logged


def test_a_network_that_can_not_be_made_is_told(tiny):
    for model, message in (
        ({'network': 'foo'}, "no network 'foo'; there are: dbpn"),
        ({'options': {'head': 'bar'}}, "no head 'bar'"),
        ({'options': {'wdith': 8}}, 'wdith'),
    ):
        with pytest.raises(ConfigError, match=message):
            train(tiny(model={'scale': 2, **model}))


@pytest.mark.parametrize('change', [{'precision': 'half'}, {'strategy': 'foo'}])
def test_what_lightning_does_not_have_is_told(tiny, change):
    (name, value) = next(iter(change.items()))
    with pytest.raises(ConfigError, match=f'can not be had here, one of .*{name}={value}'):
        train(tiny(**change))


def test_an_accelerator_that_is_not_there_is_told(tiny):
    if torch.cuda.is_available():
        pytest.skip('there is one')
    with pytest.raises(ConfigError, match=r'can not be had here, one of accelerator=gpu'):
        train(tiny(accelerator='gpu'))


def test_another_network_does_not_go_on_with_a_checkpoint(tiny):
    last = train(tiny(max_steps=1))
    wider = tiny(model={'scale': 2, 'options': {'width': 16, 'depth': 1}})
    with pytest.raises(
        ConfigError, match=r'--resume: .*last\.ckpt is of another network .*start='
    ):
        train(wider, resume=last)
    content = read_checkpoint(last)
    content['state_dict']['auxiliary.weight'] = torch.zeros(1)
    torch.save(content, last)
    with pytest.raises(ConfigError, match=r'of more networks .*\(auxiliary\.weight has no place'):
        train(tiny(), resume=last)


def test_a_run_that_is_done_says_how_to_go_on(tiny, capsys):
    last = train(tiny(max_steps=2, checkpoint_every=2))
    newest = last.with_name('step_2.ckpt')
    last.unlink()
    assert train(tiny(max_steps=2), resume=newest) == last
    assert completed_steps(last) == 2
    told = capsys.readouterr().err
    assert 'step_2.ckpt has all its steps behind it, 2 of max_steps=2: to go on, raise' in told


def test_a_stop_on_scenes_needs_scenes(tiny):
    with pytest.raises(ConfigError, match='val/middlebury_mad needs validation_data'):
        tiny(stop={'watch': 'val/middlebury_mad'})
