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
Everything that is to be known of a GPU machine, in one table.

For each model and size: TensorRT with and without its CUDA graph, torch (eager, compiled, as a
CUDA graph), ONNX Runtime on CUDA, and the CPU engine, as far as each is there; what is not is
named below the table, with the reason. The ceilings are measured first, on the same card.

    python benchmarks/gpu.py --out gpu.md
    python benchmarks/gpu.py --model lite_x4 --size 320x240 --runtime tensorrt --live-seconds 0
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Event
from typing import Any

import numpy as np
from report import publish

from cdst_ros.evaluation.engine_check import reference_engine, synthetic_frames
from cdst_ros.superres.contract import ModelMetadata, read_metadata
from cdst_ros.superres.engine import Engine, EngineError
from cdst_ros.superres.engines import CPU_ENGINES, describe_engines, open_engine
from cdst_ros.superres.engines.agreement import compare
from cdst_ros.superres.engines.model import written_precision
from cdst_ros.superres.frame import SuperResolution
from cdst_ros.superres.onnx_file import read_onnx_file
from cdst_ros.superres.store import depth_models, find_model

SIZES = ('160x120', '320x240', '640x480')
#: The network of the papers, full size (models/dbpn.py), with random weights: for its time alone.
PAPER = 'dbpn_x4'
WARM = 10
HERE = Path(__file__).parent

Wait = Callable[[], None]


def nothing() -> None:
    """Wait for nothing."""


@dataclass
class Ceilings:
    """What this card can do at most, as measured here: TFLOP/s by precision, and GB/s."""

    tflops: dict[str, float] = field(default_factory=dict)
    memory: float | None = None
    upload: float | None = None
    download: float | None = None


@dataclass(frozen=True)
class Work:
    """What a network has to compute for a frame, and to move if each convolution goes alone."""

    gflop: float
    gigabytes: float


@dataclass(frozen=True)
class Case:
    """A model at a size, width and height [px], and a frame for it."""

    name: str
    path: Path
    size: tuple[int, int]
    depth: Any
    work: Work | None
    rounds: int


@dataclass
class Timed:
    """Medians of one frame [ms]; None where a runtime has no such part."""

    runtime: str
    precision: str
    network: float | None = None
    upload: float | None = None
    download: float | None = None
    frame: float | None = None
    whole: float | None = None
    megabytes: float | None = None
    max_mm: float | None = None
    same: bool | None = None
    note: str = ''


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '--model', action='append', help=f'default: shipped ones of depth alone and {PAPER}'
    )
    parser.add_argument('--size', action='append', help=f'WxH; default {", ".join(SIZES)}')
    parser.add_argument('--runtime', action='append', help='first word of a row; default all')
    parser.add_argument('--rounds', type=int, default=100)
    parser.add_argument('--live-seconds', type=float, default=5.0, help='0: no live graph')
    parser.add_argument('--torch-device', default='cuda', help='cpu tries the script without one')
    parser.add_argument('--out', type=Path)
    args = parser.parse_args()
    left_out: list[str] = []
    ceilings = _try('ceilings', left_out, lambda: measure_ceilings(args.torch_device))
    ceilings = ceilings or Ceilings()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for case in _cases(args, Path(folder), left_out):
            for timed in _measure(case, args, left_out):
                print(f'{case.name} {case.size} {timed}', file=sys.stderr, flush=True)
                rows.append(_row(case, timed, ceilings))
    tflops = ', '.join(f'{name} {value:.1f} TFLOP/s' for name, value in ceilings.tflops.items())
    rates = ', '.join(
        f'{name} {value:.0f} GB/s'
        for name, value in vars(ceilings).items()
        if isinstance(value, float)
    )
    notes = [
        f'On {_card()}. Ceilings measured in this run: {tflops or "none"}; {rates or "none"}.',
        'ms: medians of one frame, each waited for. `network` is without copies; `frame` is the '
        "engine's `infer`; `whole` is bound and masks as well; `message` is publish to receive "
        'over DDS. GPU MB: free memory that opening and a frame took. Bytes are those of '
        'convolutions that go one by one: a runtime that fuses them moves fewer. as CPU: whether '
        'the frame is that of f32 on the CPU, and the largest difference.',
        *(f'Left out: {reason}' for reason in dict.fromkeys(left_out)),
    ]
    publish(
        'Engines on a GPU',
        [
            'model', 'input', 'runtime', 'precision', 'network', 'upload', 'download', 'frame',
            'whole', 'message', 'GPU MB', 'TFLOP/s', 'of ceiling', 'GB/s', 'of ceiling ',
            'as CPU', 'max mm',
        ],
        rows,
        '\n\n'.join(notes),
        args.out,
    )  # fmt: skip


def _try(what: str, left_out: list[str], work: Callable[[], Any]) -> Any:
    """Return what ``work`` returns; None where it is not to be had, and say so in ``left_out``."""
    try:
        return work()
    except Exception as error:  # of any of several runtimes: the others are measured all the same
        text = str(error).strip().split('\n')[0][:300]
        left_out.append(f'{what}: {type(error).__name__}: {text}')
        return None


def _cases(args: argparse.Namespace, folder: Path, left_out: list[str]) -> Iterator[Case]:
    sizes = [tuple(map(int, text.split('x'))) for text in args.size or SIZES]
    for name in args.model or [*depth_models(), PAPER]:
        path = (
            _try(name, left_out, lambda: write_paper_network(folder))
            if name == PAPER
            else find_model(name)
        )
        if path is None:
            continue
        scale = read_metadata(path).scale
        for size in sizes:
            work = _try(
                f'FLOP of {name}', left_out, lambda path=path, size=size: work_of(path, size)
            )
            depth = synthetic_frames(size, scale, 1)[0]
            yield Case(name, path, size, depth, work, args.rounds)


def _measure(case: Case, args: argparse.Namespace, left_out: list[str]) -> Iterator[Timed]:
    """Yield what is measured of each runtime that is here."""
    jobs: dict[str, Callable[[], Timed]] = {
        'tensorrt': lambda: time_tensorrt(case, args.live_seconds, graph=True),
        'tensorrt, no graph': lambda: time_tensorrt(case, 0, graph=False),
        'torch eager': lambda: time_torch(case, 'eager', args.torch_device),
        'torch compile': lambda: time_torch(case, 'compile', args.torch_device),
        'torch CUDA graph': lambda: time_torch(case, 'CUDA graph', args.torch_device),
        'onnxruntime CUDA': lambda: time_onnxruntime(case),
        'CPU': lambda: time_cpu(case),
    }
    for name, job in jobs.items():
        if args.runtime and name.split(',')[0].split()[0] not in args.runtime:
            continue
        timed = _try(name, left_out, job)
        if timed is not None:
            yield timed


def milliseconds(work: Callable[[], object], rounds: int, wait: Wait = nothing) -> float:
    """Return the median of ``work``, each waited for, after some that warm up."""
    for _ in range(WARM):
        work()
    wait()
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        wait()
        seconds.append(time.perf_counter() - began)
    return 1e3 * median(seconds)


def measure_ceilings(device: str) -> Ceilings:
    """Return the most that large matrix products and large copies reach."""
    import torch

    exact(torch)
    wait = _synchronise(torch, device)
    side, megabytes = (8192, 512) if device == 'cuda' else (512, 8)
    found = Ceilings()
    for name, dtype in (('f32', torch.float32), ('f16', torch.float16)):
        a, b = (torch.rand(side, side, device=device, dtype=dtype) for _ in range(2))
        spent = milliseconds(lambda a=a, b=b: a @ b, 20, wait)
        found.tflops[name] = 2 * side**3 / spent / 1e9
    there = torch.empty(megabytes << 20, dtype=torch.uint8, device=device)
    other = torch.empty_like(there)
    here = torch.empty(there.shape, dtype=torch.uint8, pin_memory=device == 'cuda')
    size = there.numel() / 1e6
    found.memory = 2 * size / milliseconds(lambda: other.copy_(there), 20, wait)
    found.upload = size / milliseconds(lambda: there.copy_(here, non_blocking=True), 20, wait)
    found.download = size / milliseconds(lambda: here.copy_(there, non_blocking=True), 20, wait)
    return found


def exact(torch: Any) -> None:
    """Compute f32 as f32, as our engines do."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True


def _synchronise(torch: Any, device: str) -> Wait:
    return torch.cuda.synchronize if device == 'cuda' else nothing


def write_paper_network(folder: Path) -> Path:
    """Return an ONNX file of the papers' network."""
    from cdst_ros.training.export import write_onnx

    path = folder / f'{PAPER}.onnx'
    if not path.exists():
        write_onnx(torch_network(PAPER).eval(), ModelMetadata(name=PAPER, scale=4), path)
    return path


def torch_network(name: str) -> Any:
    """Return a model's network; its weights are random, which its time does not depend on."""
    from cdst_ros.models.registry import build
    from cdst_ros.training.config import load_config

    if name == PAPER:
        return build('dbpn', 4, (0.0, 0.0, 0.0))
    config = load_config(name)
    noise = config.sensor.noise
    coefficients = noise.constant, noise.linear, noise.quadratic
    return build(config.model.network, config.model.scale, coefficients, **config.model.options)


def work_of(path: Path, size: tuple[int, int]) -> Work:
    """Return the floating-point operations and bytes of a model's convolutions for a frame."""
    import onnx

    model = onnx.load(path)
    width, height = size
    for value in model.graph.input:
        sides = value.type.tensor_type.shape.dim
        sides[2].dim_value, sides[3].dim_value = height, width
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {
        value.name: [side.dim_value for side in value.type.tensor_type.shape.dim]
        for value in (*graph.value_info, *graph.input, *graph.output)
    }
    shapes |= {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    flop = moved = 0
    for node in graph.node:
        if node.op_type not in ('Conv', 'ConvTranspose'):
            continue
        source, weight = shapes[node.input[0]], shapes[node.input[1]]
        target = shapes[node.output[0]]
        if 0 in (*source, *target):
            raise ValueError(f'the size of {node.name} is not known')
        # Every output pixel of a convolution, every input pixel of a transposed one, costs
        # one pass over the weights.
        pixels = np.prod((target if node.op_type == 'Conv' else source)[2:], dtype=np.int64)
        flop += 2 * int(np.prod(weight, dtype=np.int64)) * int(pixels)
        moved += 4 * sum(int(np.prod(shape, dtype=np.int64)) for shape in (source, weight, target))
    return Work(flop / 1e9, moved / 1e9)


def _frame(case: Case) -> tuple[Any, Any]:
    valid = np.isfinite(case.depth)
    return np.where(valid, case.depth, np.float32(0)), valid


def _judge(timed: Timed, engine: Engine, case: Case) -> None:
    """Hold an engine's frame against f32 on the CPU."""
    depth, valid = _frame(case)
    reference = reference_engine(case.path)
    agreement = compare(engine.infer(depth, valid), reference.infer(depth, valid))
    timed.max_mm, timed.same = agreement.max_mm, agreement.holds
    reference.close()


def time_tensorrt(case: Case, live_seconds: float, *, graph: bool) -> Timed:
    """Time TensorRT: its parts, a frame, and the live graph."""
    found = next(item for item in describe_engines() if item.name == 'tensorrt')
    if not found.available:
        raise EngineError(found.reason)
    from cdst_ros.superres.engines.tensorrt.cuda import Device
    from cdst_ros.superres.engines.tensorrt.engine import TensorRtEngine

    device = Device()
    device.use()
    free = device.free_bytes()
    engine = TensorRtEngine(case.path, 'f32', None, graph=graph)
    size = case.size[1], case.size[0]
    engine.prepare(size, lambda text: print(text, file=sys.stderr), Event())
    depth, valid = _frame(case)
    timed = Timed(f'tensorrt{"" if graph else ", no graph"}', engine.info.precision)
    timed.frame = milliseconds(lambda: engine.infer(depth, valid), case.rounds)
    timed.megabytes = (free - device.free_bytes()) / 1e6
    session = engine.session(size)
    if graph and not session.has_graph:
        timed.note = 'no graph was recorded'
    for name, step in session.steps.items():
        setattr(timed, name, milliseconds(step, case.rounds, session.wait))
    whole = SuperResolution(engine)
    timed.whole = milliseconds(lambda: whole(case.depth), case.rounds)
    _judge(timed, engine, case)
    engine.close()
    if live_seconds:
        timed.note = live(case, live_seconds)
    return timed


def live(case: Case, seconds: float) -> str:
    """Return latency and share of frames, message to message (benchmarks/live.py)."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / 'live.json'
        command = [sys.executable, str(HERE / 'live.py'), '--model', str(case.path)]
        command += ['--size', '{}x{}'.format(*case.size), '--duration', str(seconds)]
        command += ['--engine', 'tensorrt', '--reliability', 'reliable', '--out', str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            return f'no live graph: {done.stderr.strip().splitlines()[-1:]}'
        row = json.loads(out.read_text())['rows'][0]
    return f'{row["latency p50 ms"]} ms, {row["frames received"]}'


def time_torch(case: Case, how: str, device: str) -> Timed:
    """Time the same network in torch."""
    import torch

    if device == 'cuda' and not torch.cuda.is_available():
        raise RuntimeError('torch sees no CUDA')
    exact(torch)
    wait = _synchronise(torch, device)
    network = torch_network(case.name).eval().to(device)
    here = [torch.from_numpy(array.astype(np.float32))[None, None] for array in _frame(case)]
    if device == 'cuda':
        here = [tensor.pin_memory() for tensor in here]
        torch.cuda.reset_peak_memory_stats()
    there = [tensor.to(device) for tensor in here]
    with torch.inference_mode():
        run = _torch_runner(torch, network, there, how)
        back = [torch.empty(t.shape, pin_memory=device == 'cuda') for t in run()]

        def upload() -> None:
            for target, source in zip(there, here, strict=True):
                target.copy_(source, non_blocking=True)

        def download(images: Any) -> None:
            for target, source in zip(back, images, strict=True):
                target.copy_(source, non_blocking=True)

        def frame() -> None:
            upload()
            download(run())

        timed = Timed(f'torch {how}', 'f32')
        timed.network = milliseconds(run, case.rounds, wait)
        images = run()
        timed.upload = milliseconds(upload, case.rounds, wait)
        timed.download = milliseconds(lambda: download(images), case.rounds, wait)
        timed.frame = milliseconds(frame, case.rounds, wait)
    if device == 'cuda':
        timed.megabytes = torch.cuda.max_memory_reserved() / 1e6
    return timed


def _torch_runner(torch: Any, network: Any, inputs: Any, how: str) -> Callable[[], Any]:
    """Return what runs the network on inputs that stay in place."""
    if how == 'compile':
        network = torch.compile(network)
    if how != 'CUDA graph':
        return lambda: network(*inputs)
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):  # outside the graph first, as torch asks for
        for _ in range(3):
            network(*inputs)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        outputs = network(*inputs)

    def replay() -> Any:
        graph.replay()
        return outputs

    return replay


def time_onnxruntime(case: Case) -> Timed:
    """Time ONNX Runtime on CUDA; its network is with inputs and outputs on the GPU."""
    import onnxruntime as ort

    name = 'CUDAExecutionProvider'
    if name not in ort.get_available_providers():
        raise RuntimeError(f'it has {", ".join(ort.get_available_providers())}')
    providers = [(name, {'use_tf32': '0', 'cudnn_conv_algo_search': 'EXHAUSTIVE'})]
    session = ort.InferenceSession(str(case.path), providers=providers)
    if name not in session.get_providers():
        raise RuntimeError('it fell back to the CPU')
    arrays = dict(zip(('depth', 'valid'), _frame(case), strict=True))
    feeds = {key: array.astype(np.float32)[None, None] for key, array in arrays.items()}
    timed = Timed('onnxruntime CUDA', written_precision(read_onnx_file(case.path)))
    timed.frame = milliseconds(lambda: session.run(None, feeds), case.rounds)
    binding = session.io_binding()
    for key, array in feeds.items():
        binding.bind_ortvalue_input(key, ort.OrtValue.ortvalue_from_numpy(array, 'cuda', 0))
    for output in session.get_outputs():
        binding.bind_output(output.name, 'cuda')
    timed.network = milliseconds(
        lambda: session.run_with_iobinding(binding), case.rounds, binding.synchronize_outputs
    )
    return timed


def time_cpu(case: Case) -> Timed:
    """Time the best engine on the CPU."""
    available = [item.name for item in describe_engines() if item.available]
    name = next(name for name in CPU_ENGINES if name in available)
    engine = open_engine(case.path, name)
    depth, valid = _frame(case)
    rounds = max(case.rounds // 10, 3)
    timed = Timed(f'{name} on the CPU', engine.info.precision)
    timed.frame = milliseconds(lambda: engine.infer(depth, valid), rounds)
    whole = SuperResolution(engine)
    timed.whole = milliseconds(lambda: whole(case.depth), rounds)
    _judge(timed, engine, case)
    engine.close()
    return timed


def _row(case: Case, timed: Timed, ceilings: Ceilings) -> list[str]:
    tflops = gigabytes = None
    if case.work is not None and timed.network:
        tflops = case.work.gflop / timed.network
        gigabytes = 1e3 * case.work.gigabytes / timed.network
    ceiling = ceilings.tflops.get('f16' if timed.precision.startswith('f16') else 'f32')
    cells = [timed.network, timed.upload, timed.download, timed.frame, timed.whole]
    return [
        case.name,
        '{}x{}'.format(*case.size),
        timed.runtime,
        timed.precision,
        *(_told(value, '.3f') for value in cells),
        timed.note,
        _told(timed.megabytes, '.0f'),
        _told(tflops, '.2f'),
        _share(tflops, ceiling),
        _told(gigabytes, '.0f'),
        _share(gigabytes, ceilings.memory),
        '' if timed.same is None else ('yes' if timed.same else 'NO'),
        _told(timed.max_mm, '.3g'),
    ]


def _told(value: float | None, form: str) -> str:
    return '' if value is None else format(value, form)


def _share(value: float | None, ceiling: float | None) -> str:
    return '' if value is None or not ceiling else f'{100 * value / ceiling:.0f} %'


def _card() -> str:
    query = ['nvidia-smi', '--query-gpu=name,driver_version', '--format=csv,noheader']
    try:
        done = subprocess.run(query, capture_output=True, text=True, check=True)
    except (OSError, subprocess.SubprocessError):
        return 'no NVIDIA GPU that answers'
    return '; '.join(done.stdout.strip().splitlines())


if __name__ == '__main__':
    main()
