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
What each part of the knowledge transfer gives the network that runs, over paired seeds.

Run it as ``python benchmarks/ablation.py CONFIG DATA``, where CONFIG is a YAML file such as
``benchmarks/ablation_x4.yaml`` and DATA the folder of the data sets. Every arm is trained with
every seed: the same initial weights of the network, the same samples in the same order. A run is a
process of its own and ends with a JSON file; runs that have one are skipped, and one that was
interrupted goes on from its last checkpoint. So the command can be stopped and given again at any
time, and twice at once. Results and runs of another configuration than that of the file are
refused. With ``--steps`` all is tried out, in a folder below that of all trainings.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from configurations import anonymous, differences
from curves import last_figures, mean_figures
from paired import Difference, paired_difference
from report import machine, markdown, publish

from cdst_ros.training.transfer.config import DEAD_SHARE

_BATCHES_TIMED = 40
#: No arm has this seed.
_TEACHERS_SEED = 1000
#: What is compared of depth that was learned from lower resolution.
_OF_ESTIMATION = {
    'high frequency cm': 'high_frequency_cm',
    'at edges cm': 'edge_high_frequency_cm',
    'edge MAE cm': 'edge_mae_cm',
    'RMSE cm': 'rmse_cm',
}


class Column(NamedTuple):
    """
    A figure of a result.

    :param pick: returns it, or None where a result has none
    :param form: writes it
    """

    pick: Callable[[dict[str, Any]], Any]
    form: Callable[[float], str]


@dataclass(frozen=True)
class Ablation:
    """
    What a configuration file says.

    :param seeds: how many; 0 and following
    :param base: of every arm's training (``training/config.py``)
    :param arms: what each changes of it, sections merged; ``matched_to: ARM`` gives an arm as many
        steps as cost what that arm costs
    :param protocols: of ``cdst-ros evaluate``, each with its folder below DATA
    :param teachers: trainings like arms, done once with a seed of their own; the depth estimation
        of an arm with ``begins_with: TEACHER`` starts where the teacher's ended
    :param compare: pairs of arms whose difference is of interest, beside that from the first arm
    :param results: folder of the JSON files, beside the configuration

    A file with ``extends: FILE`` says what it says differently from that one, sections merged, and
    in ``only`` which of its arms there are.
    """

    seeds: int
    base: dict[str, Any]
    arms: dict[str, dict[str, Any]]
    results: str
    teachers: dict[str, dict[str, Any]] = field(default_factory=dict)
    protocols: dict[str, str] = field(default_factory=dict)
    compare: list[list[str]] = field(default_factory=list)


def main() -> None:
    """Do the runs that are missing, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', type=Path)
    parser.add_argument('data', type=Path)
    parser.add_argument('--runs', type=Path, default=Path('runs'), help='folder of all trainings')
    parser.add_argument('--seeds', type=int, help='fewer than the file says')
    parser.add_argument('--arms', nargs='+', help='those alone')
    parser.add_argument(
        '--steps', type=int, help='of every arm, to try it out; results go to the folder of runs'
    )
    parser.add_argument('--table', action='store_true', help='of what is done, run nothing')
    parser.add_argument('--out', type=Path, help='Markdown or JSON file for the tables')
    parser.add_argument('--one', nargs=2, metavar=('ARM', 'SEED'), help=argparse.SUPPRESS)
    args = parser.parse_args()
    ablation = Ablation(**_read(args.config))
    if args.one:
        _run(args, ablation, args.one[0], int(args.one[1]))
        return
    arms = args.arms or list(ablation.arms)
    seeds = range(args.seeds or ablation.seeds)
    if not args.table:
        _run_all(args, ablation, arms, seeds)
    _publish(args, ablation, arms, seeds)


def _read(path: Path) -> dict[str, Any]:
    """Return what a file says, with what it extends."""
    values: dict[str, Any] = yaml.safe_load(path.read_text(encoding='utf-8'))
    extended = values.pop('extends', None)
    if extended is None:
        return values
    only = values.pop('only', None)
    values = _merged(_read(path.parent / extended), values)
    if only is not None:
        values['arms'] = {arm: values['arms'][arm] for arm in only}
    return values


def _run_all(args: argparse.Namespace, ablation: Ablation, arms: list[str], seeds: range) -> None:
    """Run what has no result yet, seed by seed, so that all arms grow alike."""
    wanted = {ablation.arms[arm].get('begins_with') for arm in arms if arm in ablation.arms}
    teachers = ablation.teachers.keys() & wanted
    for arm in teachers:
        _finished(args, ablation, arm, range(_TEACHERS_SEED, _TEACHERS_SEED + 1))
    for arm in arms:
        _finished(args, ablation, arm, seeds)
    for teacher in teachers:
        _run_one(args, ablation, teacher, _TEACHERS_SEED, wait=True)
    for seed in seeds:
        for arm in arms:
            _run_one(args, ablation, arm, seed)


def _run_one(
    args: argparse.Namespace, ablation: Ablation, arm: str, seed: int, *, wait: bool = False
) -> None:
    """Do a run that has no result; one that another command does is left, or waited for."""
    result = _result(args, ablation, arm, seed)
    folder = _folder(args)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f'{result.stem}.lock').open('w') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return
        if result.exists():
            return
        print(f'{arm}, seed {seed}', file=sys.stderr, flush=True)
        command = [sys.executable, *sys.argv, '--one', arm, str(seed)]
        # The run holds the lock as long as it lives, whatever becomes of this process.
        child = subprocess.Popen(command, pass_fds=[lock.fileno()])
        try:
            code = child.wait()
        except KeyboardInterrupt:
            code = child.wait()  # it was interrupted too, and keeps what it has learned
        if code:
            raise SystemExit(code)


def _run(args: argparse.Namespace, ablation: Ablation, arm: str, seed: int) -> None:
    """Train, evaluate, and write the result, all in this process."""
    from cdst_ros.training.checkpoint import read_checkpoint
    from cdst_ros.training.export import export
    from cdst_ros.training.interruption import Interruption
    from cdst_ros.training.loading import training_loader
    from cdst_ros.training.train import LAST, completed_steps, current_commit, train

    config = _config(args, ablation, arm, seed)
    last = config.folder / LAST
    if last.exists():
        then = read_checkpoint(last)['hyper_parameters']['config']
        _refuse(args, ablation, arm, last, differences(then, config))
    drawn = Path(config.data.kept).exists()
    training_loader(config, 0)  # makes the samples that all runs draw from, in the first of them
    began = completed_steps(last) if last.exists() else 0
    clocks = time.monotonic(), time.process_time()
    if began < config.max_steps:
        try:
            train(config, resume=last if began else None)
        except Interruption as interruption:
            what = str(interruption).partition(':')[0]
            raise SystemExit(
                f'{arm}, seed {seed}: {what}: give the command again to go on'
            ) from None
    wall, cpu = time.monotonic() - clocks[0], time.process_time() - clocks[1]
    cost = _cost(config, config.max_steps - began, wall, cpu, drawn=drawn)
    figures = last_figures(config.folder)
    evaluation = {}
    if config.mismatched is None:  # what estimates depth from colour is no model
        model = export(last, config.folder / f'{config.name}.onnx').path
        evaluation = {
            name: _evaluated(name, args.data / folder, model)
            for name, folder in ablation.protocols.items()
        }
    values = {
        'arm': arm,
        'seed': seed,
        'steps': config.max_steps,
        'resumed_from': began,
        **cost,
        'commit': current_commit(),
        'machine': machine(),
        'config': anonymous(config.to_dict(), {args.data: 'DATA', args.runs: 'runs'}),
        'validation': {k: v for k, v in figures.items() if not k.startswith('loss')},
        'training': mean_figures(
            config.folder,
            ('teaches/', 'loss'),
            config.transfer.begin if config.transfer else 0,
        ),
        'evaluation': evaluation,
    }
    result = _result(args, ablation, arm, seed)
    result.parent.mkdir(parents=True, exist_ok=True)
    partial = result.with_suffix('.partial')
    partial.write_text(json.dumps(values, indent=1) + '\n', encoding='utf-8')
    partial.replace(result)


def _cost(
    config: Any, steps: int, wall: float, cpu: float, *, drawn: bool
) -> dict[str, float | None]:
    """
    Return what a run cost, as its last ``steps`` tell, with validation; nothing if it did none.

    To be asked for when it has been trained and nothing else: memory is the most of this process.

    :param steps: that were done here; fewer than all where the run had been interrupted
    :param drawn: whether samples were there; to make them takes memory that no other run takes
    """
    parts = config.max_steps / steps if steps else None
    return {
        'seconds': wall * parts if parts else None,
        'cpu_seconds': cpu * parts if parts else None,
        'samples_per_s': steps * config.data.batch_size / wall if parts else None,
        'training_memory_mib': (
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 if parts and drawn else None
        ),
    }


def _evaluated(name: str, data: Path, model: Path) -> dict[str, float]:
    """Return what a protocol says of a model: the mean of each score over all scenes."""
    from cdst_ros.evaluation.protocols import protocol
    from cdst_ros.evaluation.report import Request
    from cdst_ros.superres.contract import read_metadata

    scale = read_metadata(model).scale
    request = Request(data=data, scales=(scale,), models=(str(model),), bounded=False)
    report = protocol(name).run(request)
    (row,) = (row for row in report.rows if row.method == model.stem)
    scores = {k: v['mean'] if isinstance(v, Mapping) else v for k, v in row.scores.items()}
    return {k: float(v) for k, v in scores.items() if isinstance(v, int | float)}


def _config(
    args: argparse.Namespace, ablation: Ablation, arm: str, seed: int, *, measure: bool = True
) -> Any:
    """
    Return the configuration of a run.

    :param measure: find how many steps cost what another arm costs, where an arm has so many;
        else it has those of all arms
    """
    from cdst_ros.training.config import TrainConfig

    known = {**ablation.arms, **ablation.teachers}
    if arm not in known:
        raise SystemExit(f'there is no arm {arm!r}; there are: {", ".join(ablation.arms)}')
    changes = dict(known[arm])
    matched, teacher = changes.pop('matched_to', None), changes.pop('begins_with', None)
    values = _merged(ablation.base, changes)
    if teacher is not None:
        last = _folder(args) / f'{teacher}_{_TEACHERS_SEED}' / 'last.ckpt'
        values['transfer']['start'] = str(last)
    name = f'{arm}_{seed}'
    values.update(name=name, seed=seed, runs=str(_folder(args)))
    if args.steps:
        values['max_steps'] = args.steps
        values['validate_every'] = min(values.get('validate_every', args.steps), args.steps)
    if 'mismatched' not in values:
        values.setdefault('validation_data', str(args.data))
    data = values['data']
    data.update(root=str(args.data), kept=str(args.runs / args.config.stem / 'samples'))
    if matched is not None and measure:
        values['max_steps'] = _matched_steps(args, ablation, arm, matched)
    return TrainConfig.from_dict(values, str(args.config))


def _matched_steps(args: argparse.Namespace, ablation: Ablation, arm: str, other: str) -> int:
    """Return the steps of an arm that cost what the other costs; measured once, and kept."""
    kept = _results(args, ablation) / f'{arm}_steps.json'
    if not kept.exists():
        alone = {**ablation.arms[arm]}
        del alone['matched_to']
        ablation.arms['_alone'] = alone
        costs = {name: _seconds_a_step(args, ablation, name) for name in ('_alone', other)}
        of_all = args.steps or ablation.base['max_steps']
        steps = round(of_all * costs[other] / costs['_alone'])
        values = {'steps': steps, 'cpu_ms_a_step': {k: 1000 * v for k, v in costs.items()}}
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(values, indent=1) + '\n', encoding='utf-8')
    steps = json.loads(kept.read_text(encoding='utf-8'))['steps']
    return int(steps)


def _seconds_a_step(args: argparse.Namespace, ablation: Ablation, arm: str) -> float:
    from joint_step import seconds_a_step

    config = _config(args, ablation, arm, 0)
    return seconds_a_step(config, _BATCHES_TIMED)


def _publish(args: argparse.Namespace, ablation: Ablation, arms: list[str], seeds: range) -> None:
    """Print the means of all arms, and the paired differences from the first one."""
    done = {
        arm: {seed: json.loads(path.read_text(encoding='utf-8')) for seed, path in files.items()}
        for arm in arms
        if (files := _finished(args, ablation, arm, seeds))
    }
    if not done:
        raise SystemExit('no run is done yet')
    columns = {
        name: column
        for name, column in _columns(ablation).items()
        if any(_mean(results, column) for results in done.values())
    }
    rows = [
        [arm, len(results), *(_mean(results, column) for column in columns.values())]
        for arm, results in done.items()
    ]
    first = next(iter(done))
    pairs = [(first, arm) for arm in done if arm != first]
    pairs += [(a, b) for a, b in ablation.compare if a in done and b in done]
    shown = {name: column for name, column in columns.items() if name in _scores(ablation)}
    compared = [
        [f'{other} - {one}', *(_difference(done[one], done[other], c) for c in shown.values())]
        for one, other in pairs
    ]
    legend = (
        'Differences are of runs with the same seed: mean and 95 % interval (Student t over '
        'seeds), negative is better; in % of the arm that is taken off.'
    )
    notes = f'{markdown(["difference", *shown], compared)}\n\n{legend}'
    title = f'{args.config.stem}: means over seeds'
    publish(title, ['arm', 'seeds', *columns], rows, notes, out=args.out)


def _scores(ablation: Ablation) -> dict[str, Column]:
    """Return the errors that are compared."""
    scores = {
        'validation MAD': _validated('val/middlebury_mad', '{:.4f}'),
        'procedural MAE cm': _validated('val/mae_cm', '{:.3f}'),
        'at edges cm': _validated('val/edge_mae_cm', '{:.2f}'),
    }
    if 'mismatched' in ablation.base:
        scores = {name: _validated(f'val/{key}', '{:.3f}') for name, key in _OF_ESTIMATION.items()}
    for protocol in ablation.protocols:
        for key in ('mad', 'mae_cm', 'edge_mae_cm'):
            scores[f'{protocol} {key}'] = Column(
                lambda r, p=protocol, k=key: r['evaluation'].get(p, {}).get(k), '{:.4f}'.format
            )
    return scores


def _columns(ablation: Ablation) -> dict[str, Column]:
    shares = {
        f'DE teaches, {space}': Column(
            lambda r, k=f'teaches/{space}': r['training'].get(k), _told_share
        )
        for space in ('output', 'affinity')
    }
    references = {
        f'{name} {column}': _validated(f'{name}/{_OF_ESTIMATION[column]}', '{:.3f}')
        for name in ('flat', 'bicubic')
        for column in ('high frequency cm', 'at edges cm')
    }
    return {
        'steps': Column(lambda r: r['steps'], '{:.0f}'.format),
        'CPU s': Column(lambda r: r['cpu_seconds'], '{:.0f}'.format),
        'samples/s': Column(lambda r: r['samples_per_s'], '{:.0f}'.format),
        'MiB': Column(_memory, '{:.0f}'.format),
        **(references if 'mismatched' in ablation.base else shares),
        **_scores(ablation),
    }


def _validated(key: str, form: str) -> Column:
    return Column(lambda r: r['validation'].get(key), form.format)


def _memory(result: dict[str, Any]) -> float | None:
    """Return what training took; older results have what evaluation took, where there was one."""
    older = None if result['evaluation'] else result.get('peak_memory_mib')
    found: float | None = result.get('training_memory_mib', older)
    return found


def _told_share(share: float) -> str:
    """Return the share of decisions in which depth estimation teaches, and whether that is any."""
    return f'{share:.2f} (dead)' if share < DEAD_SHARE else f'{share:.2f}'


def _mean(results: dict[int, Any], column: Column) -> str:
    values = [found for result in results.values() if (found := column.pick(result)) is not None]
    return column.form(sum(values) / len(values)) if values else ''


def _difference(one: dict[int, Any], other: dict[int, Any], column: Column) -> str:
    pairs = [(column.pick(one[seed]), column.pick(other[seed])) for seed in one if seed in other]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    if len(known) < 2:
        return ''
    found: Difference = paired_difference(*zip(*known, strict=True))
    base = sum(a for a, _ in known) / len(known) / 100
    return f'{found.mean / base:+.2f} [{found.low / base:+.2f}, {found.high / base:+.2f}]'


def _finished(
    args: argparse.Namespace, ablation: Ablation, arm: str, seeds: range
) -> dict[int, Path]:
    """Return the results that an arm has, by seed; one of another configuration is refused."""
    paths = {seed: _result(args, ablation, arm, seed) for seed in seeds}
    done = {seed: path for seed, path in paths.items() if path.exists()}
    for seed, path in done.items():
        then = dict(json.loads(path.read_text(encoding='utf-8'))['config'])
        now = _config(args, ablation, arm, seed, measure=False)
        if 'matched_to' in ablation.arms.get(arm, {}):
            then['max_steps'] = now.max_steps  # measured, so not of the file
        _refuse(args, ablation, arm, path, differences(then, now))
    return done


def _refuse(
    args: argparse.Namespace, ablation: Ablation, arm: str, path: Path, found: list[str]
) -> None:
    """End where a result or a run of an arm is of another configuration than the file's."""
    if found:
        raise SystemExit(
            f'{path}: {arm} was another than it is in {args.config}: {"; ".join(found)}. Take '
            f'{_results(args, ablation)} and {_folder(args)} out of the way, or give the file '
            'another name and other results'
        )


def _folder(args: argparse.Namespace) -> Path:
    """Return the folder of these trainings; to try them out they have one of its own."""
    stem = args.config.stem
    return Path(args.runs / (f'{stem}_{args.steps}_steps' if args.steps else stem))


def _results(args: argparse.Namespace, ablation: Ablation) -> Path:
    """Return the folder of the JSON files."""
    return _folder(args) / 'results' if args.steps else args.config.parent / ablation.results


def _result(args: argparse.Namespace, ablation: Ablation, arm: str, seed: int) -> Path:
    return _results(args, ablation) / f'{arm}_{seed}.json'


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``changes``; sections are merged, lists and values replaced."""
    out = deepcopy(dict(base))
    for key, value in changes.items():
        inner = out.get(key)
        whole = not (isinstance(inner, dict) and isinstance(value, dict))
        out[key] = deepcopy(value) if whole else _merged(inner, value)
    return out


if __name__ == '__main__':
    main()
