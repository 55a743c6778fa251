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
What each loss of the knowledge transfer asks of the network that runs, beside its own losses.

Run it as ``python benchmarks/transfer_gradients.py CHECKPOINT [--weights NAME=VALUE ...]``: a
checkpoint of a joint training, whose configuration says where the samples are. Best one in which
the losses weighed next to nothing (``spectators`` in ``ablation_x4.yaml``): what was trained with
a loss rests where the gradients of all of them cancel out.

Told for every loss: the size of its gradient, with the weight it has, in units of that of
super-resolution's own losses (the median, over the weights of the network that it reaches, of one
root mean square over batches by the other: what an optimiser that scales every weight's step goes
by); and the cosines between its mean gradient and theirs, on the same samples and on others. A
loss that helps has to point where theirs points on other samples: at a cosine of zero it turns the
network away from its task.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report import publish

if TYPE_CHECKING:
    import torch

#: Losses of super-resolution itself.
_OWN = {'sigmas', 'units', 'likelihood', 'levels'}
#: Losses that train the teacher alone.
_OF_TEACHER = {'estimation', 'estimation_likelihood'}


def main() -> None:
    """Print a row for every loss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', type=Path)
    parser.add_argument('--weights', nargs='*', default=[], metavar='NAME=VALUE')
    parser.add_argument('--batches', type=int, default=32)
    parser.add_argument('--seed', type=int, default=7, help='of the samples')
    parser.add_argument('--out', type=Path)
    args = parser.parse_args()
    found = _gradients(args)
    own = found.pop('own')
    rows = [[name, *_beside(gradients, own)] for name, gradients in found.items()]
    publish(
        f'Gradients at the network, {args.batches} batches of {args.checkpoint.parent.name}',
        ['loss', 'size', 'cosine, same samples', 'cosine, other samples'],
        rows,
        out=args.out,
    )


def _gradients(args: argparse.Namespace) -> dict[str, torch.Tensor]:
    """Return the gradients (batches, weights) of every loss, and of super-resolution's sum."""
    import torch

    from cdst_ros.training.checkpoint import read_checkpoint
    from cdst_ros.training.config import TrainConfig
    from cdst_ros.training.loading import training_loader
    from cdst_ros.training.train import system_of

    checkpoint = read_checkpoint(args.checkpoint)
    config = TrainConfig.from_dict(checkpoint['hyper_parameters']['config'], str(args.checkpoint))
    assert config.transfer is not None, 'the checkpoint is of no joint training'
    weights = {k: float(v) for k, v in (pair.split('=') for pair in args.weights)}
    config = replace(
        config,
        seed=args.seed,
        transfer=replace(
            config.transfer, begin=0, ramp=0, weights=replace(config.transfer.weights, **weights)
        ),
    )
    torch.set_num_threads(config.threads)
    system: Any = system_of(config)
    _, unexpected = system.load_state_dict(checkpoint['state_dict'], strict=False)
    assert not unexpected, 'weights may switch losses on, not parts of the checkpoint off'
    parameters = [p for p in system.network.parameters() if p.requires_grad]
    found: dict[str, list[torch.Tensor]] = {}
    batches = iter(training_loader(config, 0))
    for _ in range(args.batches):
        losses = system.step(next(batches)).losses
        own = torch.stack([loss for name, loss in losses.items() if name in _OWN]).sum()
        others = {k: v for k, v in losses.items() if k not in _OWN | _OF_TEACHER}
        for name, loss in {'own': own, **others}.items():
            parts = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
            flat = [
                torch.zeros_like(p).flatten() if g is None else g.flatten()
                for p, g in zip(parameters, parts, strict=True)
            ]
            found.setdefault(name, []).append(torch.cat(flat))
    return {name: torch.stack(rows) for name, rows in found.items()}


def _beside(gradients: torch.Tensor, own: torch.Tensor) -> tuple[str, str, str]:
    """Return how gradients (batches, weights) stand to those of super-resolution."""
    reached = (gradients != 0).any(0) & (own != 0).any(0)
    gradients, own = gradients[:, reached], own[:, reached]
    size = (gradients.square().mean(0) / own.square().mean(0)).sqrt().median()
    same = _cosine(gradients.mean(0), own.mean(0))
    other = (
        _cosine(gradients[::2].mean(0), own[1::2].mean(0))
        + _cosine(gradients[1::2].mean(0), own[::2].mean(0))
    ) / 2
    return f'{size:.3f}', f'{same:+.2f}', f'{other:+.2f}'


def _cosine(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(one @ other / (one.norm() * other.norm()))


if __name__ == '__main__':
    main()
