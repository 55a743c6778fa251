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
"""
Where a training starts: at the weights of a model that is there, an ONNX file or a checkpoint.

A shipped model carries no checkpoint. Its ONNX holds every weight under its own name, branches
added up (``models/branched.py``), so the plain network takes them as they are, to the last bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from cdst_ros.models.guided import GuidedSR
from cdst_ros.models.registry import GUIDED
from cdst_ros.superres.contract import read_metadata, read_origin
from cdst_ros.superres.engine import ModelError
from cdst_ros.superres.store import find_model
from cdst_ros.synthetic import load_profile
from cdst_ros.training.checkpoint import read_checkpoint
from cdst_ros.training.config import ConfigError

_CHECKPOINT = '.ckpt'
_AVERAGE = 'average.'
#: What depth estimation lies in, of a joint training and of an adaptation.
_AUXILIARY, _TEACHER = 'auxiliary.', 'teacher.'
_ESTIMATION, _SIDES = 'estimation.', 'sides_de.'


def described(start: str) -> dict[str, Any]:
    """
    Return what a configuration takes over from its start: ``model`` and ``profile``.

    A profile that is not known here by its name is left out.

    :param start: name of a shipped model, ONNX file, or checkpoint
    :raises ConfigError: when it is none, or does not say what network it is
    """
    path = find_start(start)
    if path.suffix == _CHECKPOINT:
        config = read_checkpoint(path)['hyper_parameters']['config']
        return {'model': config['model'], 'profile': config['profile']}
    metadata, origin = read_metadata(path), read_origin(path)
    if 'config' not in origin:
        raise ConfigError(
            f'start: {start} does not say what network it is: it was exported by an older '
            'cdst_ros; export its checkpoint again, or give the model section yourself'
        )
    model = origin['config']['model']
    options = dict(model['options'])
    if 'branched' in options:
        options['branched'] = False  # an export adds them up
    try:
        same = load_profile(metadata.profile).noise == metadata.noise
    except ValueError:
        same = False
    found: dict[str, Any] = {'model': {**model, 'options': options}}
    return {**found, 'profile': metadata.profile} if same else found


def with_start(values: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return a configuration with what it takes over from its start, where it says nothing itself.

    A guided network that says nothing of its branch of depth alone takes that from a start of
    depth alone, and its scale.

    :raises ConfigError: when the start is none, of another scale, or for a sensor that is not
        known here while no other is named
    """
    found = described(str(values['start']))
    values = {**found, **values}
    if 'profile' not in values:
        raise ConfigError(
            f'start: {values["start"]} is for a sensor that is not known here by its name: give '
            'its file by profile=FILE'
        )
    theirs, ours = found['model'], values['model']
    if not isinstance(ours, Mapping) or ours.get('network') != GUIDED:
        return values
    options = dict(ours.get('options') or {})
    if theirs['network'] == GUIDED:
        options = {**theirs['options'], **options}
    else:
        options.setdefault('alone', {'network': theirs['network'], **theirs['options']})
    if ours.get('scale', theirs['scale']) != theirs['scale']:
        raise ConfigError(
            f'start: {values["start"]} enlarges by {theirs["scale"]}, and model.scale is '
            f'{ours["scale"]}'
        )
    values['model'] = {**ours, 'scale': theirs['scale'], 'options': options}
    return values


def load_start(network: nn.Module, start: str) -> None:
    """
    Give a network the weights of a model, all of them.

    A guided network takes its branch of depth alone from a model of depth alone.

    :raises ConfigError: when there is no such model, or it is of another network; names what
        does not fit
    """
    path = find_start(start)
    if isinstance(network, GuidedSR) and not is_guided(start):
        network = network.alone
    wanted = network.state_dict()
    weights = _of_checkpoint(path) if path.suffix == _CHECKPOINT else _of_onnx(path, wanted)
    remedy = 'leave the model section out to take its own'
    _require_fit(f'start: {start}', weights, wanted, remedy)
    network.load_state_dict({name: weights[name] for name in wanted}, strict=True)


def load_estimation(auxiliary: nn.Module, start: str, section: str = 'transfer') -> None:
    """
    Give depth estimation, and its side outputs, the weights of an earlier training.

    :param auxiliary: with ``estimation``, and ``sides_de`` where there are side outputs
    :param start: checkpoint of a joint training, of an adaptation, or of a training by depth of
        lower resolution; the last two have no side outputs: those then begin anew
    :param section: of the configuration that names it
    :raises ConfigError: when there is no such checkpoint, or it is of another network; names what
        does not fit
    """
    state = read_checkpoint(Path(start))['state_dict']
    # What is trained by depth of lower resolution is the network itself, and so its average.
    prefix, place = next(
        ((part, '') for part in (_AUXILIARY, _TEACHER) if any(k.startswith(part) for k in state)),
        (_AVERAGE, _ESTIMATION),
    )
    weights = {
        f'{place}{name[len(prefix) :]}': value
        for name, value in state.items()
        if name.startswith(prefix)
    }
    taken = (_ESTIMATION, _SIDES) if prefix == _AUXILIARY else (_ESTIMATION,)
    wanted = {k: v for k, v in auxiliary.state_dict().items() if k.startswith(taken)}
    remedy = f'give {section}.estimation as it had, and depth beside colour where it saw that'
    _require_fit(f'{section}.start: {start}', weights, wanted, remedy)
    auxiliary.load_state_dict({name: weights[name] for name in wanted}, strict=False)


def require_resumable(checkpoint: Path, wanted: Mapping[str, Tensor]) -> None:
    """
    Refuse to go on from a checkpoint with other networks.

    :param wanted: the weights of all that trains, by name
    :raises ConfigError: when it has others; names what does not fit
    """
    weights = read_checkpoint(checkpoint)['state_dict']
    what = f'--resume: {checkpoint}'
    remedy = (
        'go on with the model, and the sections beside it, that it was begun with; or begin anew '
        'from its weights with start=CHECKPOINT'
    )
    _require_fit(what, weights, wanted, remedy)
    more = sorted(weights.keys() - wanted.keys())
    if more:
        raise ConfigError(
            f'{what} is of more networks than this configuration ({more[0]} has no place, one of '
            f'{len(more)}): {remedy}'
        )


def find_start(start: str) -> Path:
    """
    Return the file of a start.

    :raises ConfigError: when there is none
    """
    try:
        return find_model(start)
    except ModelError as error:
        raise ConfigError(f'start: {error}') from None


def is_guided(start: str) -> bool:
    """
    Whether a start is of a network that sees colour.

    :raises ConfigError: when there is none
    """
    path = find_start(start)
    if path.suffix == _CHECKPOINT:
        config = read_checkpoint(path)['hyper_parameters']['config']
        return bool(config['model']['network'] == GUIDED)
    return read_metadata(path).guided


def gain_of(start: str) -> float | None:
    """
    Return the factor on sigma of depth alone that a model was exported with.

    None for a checkpoint, which has none yet.

    :raises ConfigError: when there is no such start
    """
    path = find_start(start)
    if path.suffix == _CHECKPOINT:
        return None
    found = _of_onnx(path, ('alone.gain', 'gain'))
    return next((float(gain) for gain in found.values()), None)


def identity(start: str) -> dict[str, str]:
    """Return what tells a start apart: ``name`` and ``sha256`` of its file."""
    path = find_start(start)
    return {'name': path.stem, 'sha256': hashlib.sha256(path.read_bytes()).hexdigest()}


def _require_fit(
    what: str, weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor], remedy: str
) -> None:
    faults = [
        f'{name} {"is missing" if name not in weights else f"is {tuple(weights[name].shape)}"}'
        f', {tuple(value.shape)} is wanted'
        for name, value in wanted.items()
        if name not in weights or weights[name].shape != value.shape
    ]
    if faults:
        raise ConfigError(
            f'{what} is of another network than this configuration ({faults[0]}; '
            f'{len(faults)} of {len(wanted)} do not fit): {remedy}'
        )


def _of_onnx(path: Path, names: Iterable[str]) -> dict[str, Tensor]:
    """Return the weights of these names; an export may have cut one into ``NAME.0`` and so on."""
    stored = {
        tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy())
        for tensor in onnx.load(str(path)).graph.initializer
    }
    weights = {}
    for name in names:
        pieces = [stored[f'{name}.{k}'] for k in range(len(stored)) if f'{name}.{k}' in stored]
        if name in stored:
            weights[name] = stored[name]
        elif pieces:
            weights[name] = torch.cat(pieces)
    return weights


def _of_checkpoint(path: Path) -> dict[str, Tensor]:
    state = read_checkpoint(path)['state_dict']
    return {k[len(_AVERAGE) :]: v for k, v in state.items() if k.startswith(_AVERAGE)}
