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
"""From a checkpoint to a contract 1 ONNX file, checked before it is kept."""

from __future__ import annotations

import io
import json
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from cdst_ros.models.branched import fuse
from cdst_ros.models.ensemble import SelfEnsemble
from cdst_ros.models.guided import GuidedSR
from cdst_ros.models.registry import build
from cdst_ros.superres.contract import ORIGIN_KEY, ModelMetadata, read_metadata
from cdst_ros.superres.graph.splits import split_convolutions
from cdst_ros.training.calibration import best_gain, error_ratios
from cdst_ros.training.checkpoint import read_checkpoint
from cdst_ros.training.config import ConfigError, TrainConfig
from cdst_ros.training.data import VALIDATION_SEED, Batch, validation_batches
from cdst_ros.training.sources.description import describe
from cdst_ros.training.sources.opening import open_sources
from cdst_ros.training.sources.procedural import colored_batches
from cdst_ros.training.sources.stream import MixedBatches

OPSET = 20
INPUTS = ('depth', 'valid', 'rgb')
OUTPUTS = ('depth_hr', 'sigma_hr', 'valid_hr')
#: The ONNX must agree with torch to this share of the greatest depth: some hundred roundings, for
#: depths that differ by metres from pixel to pixel.
TOLERANCE = 3e-5
_CALIBRATION_BATCHES = 10
_CALIBRATION_SIDE = 112
_RECORDED_SAMPLES = 16
# Sizes (h, w) that the file is checked at; odd, tiny and other than the one it is traced at.
_SIZES = ((1, 1), (7, 5), (23, 31))


class ExportError(RuntimeError):
    """An export that does not do what the network does; nothing was written."""


class Exported(NamedTuple):
    """A written model: ``metadata``, and the ``largest_error`` [m] between ONNX and torch."""

    path: Path
    metadata: ModelMetadata
    largest_error: float


def export(
    checkpoint: Path,
    out: Path,
    accuracy: Mapping[str, float] | None = None,
    *,
    self_ensemble: bool = False,
) -> Exported:
    """
    Write the averaged weights of a checkpoint as one ONNX file.

    :param accuracy: measured figures by name, for the metadata
    :param self_ensemble: write the mean over eight orientations, for eight times the cost
    :raises ConfigError: when the checkpoint is none
    :raises ExportError: when the file does not do what the network does
    """
    network, metadata = load_network(checkpoint, accuracy)
    if self_ensemble:
        network, metadata = SelfEnsemble(network), replace(metadata, name=f'{metadata.name}+')
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        path = Path(folder) / out.name
        write_onnx(network, metadata, path, origin_of(checkpoint))
        error = largest_difference(network, metadata, path)
        read_metadata(path)
        os.replace(path, out)
    return Exported(out, metadata, error)


def load_network(
    checkpoint: Path, accuracy: Mapping[str, float] | None = None
) -> tuple[nn.Module, ModelMetadata]:
    """
    Return the averaged network of a checkpoint, and what a model made of it says of itself.

    :raises ConfigError: when the checkpoint is none
    """
    content = read_checkpoint(checkpoint)
    config = TrainConfig.from_dict(content['hyper_parameters']['config'], str(checkpoint))
    if config.mismatched is not None:
        raise ConfigError(
            f'{checkpoint} estimates depth from colour (section mismatched), and a model is made '
            'of a network that runs on depth: give the checkpoint of such a training'
        )
    sensor, provenance = config.sensor, content.get('provenance', {})
    noise = sensor.noise
    network = build(
        config.model.network,
        config.model.scale,
        (noise.constant, noise.linear, noise.quadratic),
        **config.model.options,
    )
    prefix = 'average.'
    weights = {
        key[len(prefix) :]: value
        for key, value in content['state_dict'].items()
        if key.startswith(prefix)
    }
    network.load_state_dict(weights, strict=True)
    calibrate(network, config, provenance.get('alone_gain'))
    made_of = describe(config.data.sources)
    metadata = ModelMetadata(
        name=config.name,
        scale=config.model.scale,
        domain=_domain(config.model.options),
        profile=sensor.name,
        noise=noise,
        range_m=sensor.range_m,
        guided=isinstance(network, GuidedSR),
        data=made_of.data,
        data_licence=made_of.licence,
        commit=provenance.get('commit', ''),
        command=provenance.get('command', ''),
        accuracy=dict(accuracy or {}),
    )
    return fuse(network).eval(), metadata


def origin_of(checkpoint: Path) -> dict[str, Any]:
    """
    Return what a model of this checkpoint is made from, for its file.

    Folders of the machine that trained are left out: names tell what they have to.

    :raises ConfigError: when the checkpoint is none
    """
    content = read_checkpoint(checkpoint)
    config = dict(content['hyper_parameters']['config'])
    for place in ('runs', 'validation_data'):
        config.pop(place, None)
    for file in ('profile', 'start'):
        if config.get(file):
            config[file] = Path(config[file]).stem
    for section in ('transfer', 'adaptation'):
        found = config.get(section)
        if found and found.get('start'):
            config[section] = {**found, 'start': Path(found['start']).stem}
    data = dict(config['data'])
    for place in ('root', 'kept'):
        data.pop(place, None)
    data['sensors'] = {Path(name).stem: share for name, share in data['sensors'].items()}
    data['sources'] = [
        {**source, 'path': Path(source['path']).name} for source in data.get('sources', ())
    ]
    config['data'] = data
    made_of = content.get('provenance', {})
    return {'config': config, **{k: made_of[k] for k in ('start', 'recordings') if k in made_of}}


def _domain(options: Mapping[str, Any]) -> str:
    """Return the domain of a network, or of the branch of depth alone of a guided one."""
    return str({**options, **options.get('alone', {})}.get('domain', 'depth'))


def calibrate(network: nn.Module, config: TrainConfig, alone_gain: float | None = None) -> None:
    """
    Set the gain of a network's sigma.

    By what recordings showed of the sensor, where it learned from some; else by views of its
    profile that no training has seen. A guided network has one gain for where there is colour,
    and one for where there is none.

    :param alone_gain: of the branch of depth alone of a guided network, where it is known
    """
    network.eval()
    batches = _recorded(config) or _views(config)
    if not isinstance(network, GuidedSR):
        _set_gain(network, lambda batch: network(batch.depth, batch.valid), batches)
        return
    if alone_gain is None:
        alone = network.alone
        _set_gain(alone, lambda batch: tuple(alone(batch.depth, batch.valid)), batches)
    else:
        network.alone.gain.fill_(alone_gain)

    def seen(batch: Batch) -> tuple[Tensor, ...]:
        assert batch.rgb is not None
        found = network.branches(batch.depth, batch.valid, batch.rgb)
        return (*found.fused, found.valid * found.colored)

    _set_gain(network, seen, batches)


def _set_gain(
    network: nn.Module, run: Callable[[Batch], tuple[Tensor, ...]], batches: list[Batch]
) -> None:
    ratios = error_ratios(run, batches)
    network.get_buffer('gain').fill_(best_gain(ratios) if len(ratios) else 1.0)


def _views(config: TrainConfig) -> list[Batch]:
    # Views of the size of images: light that goes astray, for one, does so across all of them.
    seen = replace(config.data, sensor_share=1.0, crop=_CALIBRATION_SIDE, tiles=1, batch_size=2)
    views = validation_batches if config.guided is None else colored_batches
    return views(seen, config.model.scale, {config.sensor: 1.0}, _CALIBRATION_BATCHES)


def _recorded(config: TrainConfig) -> list[Batch]:
    """Return samples of the recordings of a training; none where it had none, or they are gone."""
    sources = [
        source
        for source in config.data.sources
        if source.kind == 'recordings' and not source.measured
    ]
    if not sources:
        return []
    data = replace(config.data, sources=sources, tiles=1, batch_size=_RECORDED_SAMPLES)
    try:
        shares = open_sources(data, config.model.scale, config.sensors, VALIDATION_SEED)
    except ConfigError as error:
        warnings.warn(
            f'sigma is calibrated on the profile {config.sensor.name}, not on what was recorded: '
            f'{error}',
            stacklevel=2,
        )
        return []
    batches = MixedBatches(shares, data, VALIDATION_SEED)
    return [batches.batch(step) for step in range(_CALIBRATION_BATCHES)]


def write_onnx(
    network: nn.Module,
    metadata: ModelMetadata,
    path: Path,
    origin: Mapping[str, Any] | None = None,
) -> None:
    """
    Write ``network`` with dynamic height and width and everything inside one file.

    :param origin: what it was made from, as ``read_origin`` of the contract returns it
    """
    example = torch.ones(1, 1, 12, 16)
    height, width = (torch.export.Dim(name, min=1, max=16384) for name in 'hw')
    images, sizes = [example, example.clone()], [{2: height, 3: width}] * 2
    if metadata.guided:
        scale = metadata.scale
        images.append(torch.ones(1, 3, 12 * scale, 16 * scale))
        sizes.append({2: scale * height, 3: scale * width})
    with _quiet():
        program = torch.onnx.export(
            network,
            tuple(images),
            dynamo=True,
            opset_version=OPSET,
            input_names=INPUTS[: len(images)],
            output_names=OUTPUTS,
            dynamic_shapes=tuple(sizes),
            external_data=False,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    _forget_sources(model)
    # Training goes on from learned weights, which it finds by their names.
    split_convolutions(model, keep=network.state_dict())
    _keep_folded(model, network.state_dict())
    properties = metadata.to_properties()
    if origin is not None:
        properties[ORIGIN_KEY] = json.dumps(origin, sort_keys=True)
    onnx.helper.set_model_props(model, properties)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def _keep_folded(model: onnx.ModelProto, weights: Mapping[str, Tensor]) -> None:
    """Add the weights that the exporter has replaced by what it worked out of them; unused."""
    stored = {tensor.name for tensor in model.graph.initializer}
    for name, value in weights.items():
        if not {name, f'{name}.0'} & stored:
            model.graph.initializer.append(numpy_helper.from_array(value.numpy(), name))


def _forget_sources(model: onnx.ModelProto) -> None:
    """Remove the exporter's notes on each node: stack traces, with paths of this machine."""
    for node in model.graph.node:
        del node.metadata_props[:]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter from telling its steps and the optional packages that it misses."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter('ignore')
            yield
    finally:
        logging.disable(disabled)


def largest_difference(network: nn.Module, metadata: ModelMetadata, path: Path) -> float:
    """
    Return the largest difference [m] between a written model and its network.

    :raises ExportError: when it exceeds ``TOLERANCE``, or the two disagree on validity
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # weights that are not used are kept on purpose
    session = onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
    generator = torch.Generator().manual_seed(0)
    largest = 0.0
    for height, width in _SIZES:
        depth = 0.5 + 5 * torch.rand(1, 1, height, width, generator=generator)
        valid = (torch.rand(1, 1, height, width, generator=generator) < 0.8).float()
        # A hole wider than what a pixel sees: nothing is known there.
        valid[..., height // 3 : height // 3 + 6, width // 3 : width // 3 + 6] = 0.0
        images = [depth, valid]
        if metadata.guided:
            scale = metadata.scale
            images.append(_random_color(height * scale, width * scale, generator))
        with torch.no_grad():
            wanted: tuple[Tensor, ...] = network(*images)
        images[0] = depth * valid
        given = session.run(
            list(OUTPUTS), {name: i.numpy() for name, i in zip(INPUTS, images, strict=False)}
        )
        if not np.array_equal(given[2], wanted[2].numpy()):
            raise ExportError(f'validity at {width}x{height} is not what torch computes')
        for name, ours, theirs in zip(OUTPUTS[:2], given, wanted, strict=False):
            difference = float(np.abs(ours - theirs.numpy()).max())
            if not difference <= TOLERANCE * float(depth.max()):
                raise ExportError(
                    f'{name} at {width}x{height} is {difference:g} m off what torch computes'
                )
            largest = max(largest, difference)
    return largest


def _random_color(height: int, width: int, generator: torch.Generator) -> Tensor:
    """Return colour (1, 3, height, width) that is unknown here and there, and in a corner."""
    rgb = torch.rand(1, 3, height, width, generator=generator)
    known = torch.rand(1, 1, height, width, generator=generator) < 0.8
    known[..., : height // 2, : width // 2] = False
    return rgb * known
