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
Write names.json: what the real bindings of TensorRT and CUDA have, version by version.

It downloads their wheels, which need neither a GPU nor TensorRT's libraries (three empty ones
stand in, for which it needs a C compiler), and asks them. Run it again when the engine calls
something new, or for another version:

    python test/superres/engines/tensorrt/collect_names.py
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
NAMES = HERE / 'names.json'
ENGINE = HERE.parents[3] / 'cdst_ros' / 'superres' / 'engines' / 'tensorrt'

#: JetPack 6's, the last of 10, and 11.
TENSORRT = (
    'tensorrt-cu12-bindings==10.3.*',
    'tensorrt-cu13-bindings==10.16.*',
    'tensorrt-cu13-bindings==11.*',
)
CUDA = ('cuda-bindings==12.*', 'cuda-bindings==13.*')

#: The classes of TensorRT that the engine uses.
CLASSES = (
    'Builder',
    'IBuilderConfig',
    'ICudaEngine',
    'IExecutionContext',
    'IHostMemory',
    'ILogger',
    'INetworkDefinition',
    'IOptimizationProfile',
    'IProgressMonitor',
    'ITensor',
    'OnnxParser',
    'ParserError',
    'Runtime',
)
ENUMERATIONS = ('BuilderFlag', 'DataType', 'NetworkDefinitionCreationFlag')
CUDA_ENUMERATIONS = ('cudaError_t', 'cudaMemcpyKind', 'cudaStreamCaptureMode')

#: What the bindings ask of TensorRT's libraries.
LIBRARIES = ('libnvinfer', 'libnvinfer_plugin', 'libnvonnxparser')
SYMBOLS = (
    'createInferBuilder_INTERNAL',
    'createInferRefitter_INTERNAL',
    'createInferRuntime_INTERNAL',
    'createNvOnnxParserRefitter_INTERNAL',
    'createNvOnnxParser_INTERNAL',
    'getBuilderPluginRegistry',
    'getNvOnnxParserVersion',
    'getPluginRegistry',
    'initLibNvInferPlugins',
)


def attributes_of(module: str) -> list[str]:
    """Return the attributes of a module's short name that the engine's source uses."""
    found = {
        node.attr
        for file in ENGINE.glob('*.py')
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == module
    }
    return sorted(found)


def signatures(name: str, doc: str) -> list[str]:
    """Return the signatures that pybind11 wrote into a docstring, without module names."""
    lines = re.findall(rf'^(?:\d+\. )?{re.escape(name)}(\(self.*\) -> .*)$', doc, re.MULTILINE)
    lines = [re.sub(r'<\w+\.(\w+): \d+>', r'\1', line) for line in lines]
    lines = [re.sub(r'\w+(?:\.\w+)*\.tensorrt\.|nvonnxparser::I?', '', line) for line in lines]
    return [
        line.replace('typing.SupportsInt', 'int')
        .replace('typing_extensions.Buffer', 'buffer')
        .replace('List[', 'list[')
        for line in lines
    ]


def describe_tensorrt(trt) -> dict:
    """Return what a loaded ``tensorrt`` has of ``CLASSES`` and ``ENUMERATIONS``."""
    classes = {}
    for name in CLASSES:
        members = classes[name] = {}
        for key, member in vars(getattr(trt, name)).items():
            if isinstance(member, property):
                members[key] = 'settable' if member.fset else 'property'
            elif name == 'INetworkDefinition' and key.startswith('add_'):
                continue  # layers, of which there are many
            elif not key.startswith('_') or key == '__init__':
                members[key] = signatures(key, member.__doc__ or '')
    return {
        'classes': classes,
        'enumerations': {name: list(getattr(trt, name).__members__) for name in ENUMERATIONS},
        'severities': list(trt.ILogger.Severity.__members__),
        'names': [name for name in attributes_of('trt') if hasattr(trt, name)],
    }


def describe_cuda(runtime) -> dict:
    """Return what a loaded ``cuda.bindings.runtime`` has of what the engine calls."""
    names = {}
    for name in attributes_of('cudart'):
        found = getattr(runtime, name, None)
        if isinstance(found, int) and not hasattr(type(found), '__members__'):
            names[name] = found
        elif callable(found) and name not in CUDA_ENUMERATIONS:
            names[name] = (found.__doc__ or '').strip().splitlines()[0]
    enumerations = {
        name: {key: int(value) for key, value in getattr(runtime, name).__members__.items()}
        for name in CUDA_ENUMERATIONS
    }
    return {'names': names, 'enumerations': enumerations}


def unpack(requirement: str, folder: Path) -> str:
    """Unpack a wheel into a folder; return its version."""
    wheels = folder / 'wheels'
    command = [sys.executable, '-m', 'pip', 'download', '-q', '--no-deps', '-d', str(wheels)]
    subprocess.run([*command, requirement], check=True)
    (wheel,) = wheels.glob('*.whl')
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    wheel.unlink()
    return wheel.name.split('-')[1]


def ask(folder: Path, kind: str) -> dict:
    """Return what a fresh Python finds in the wheels in ``folder``."""
    environment = {**os.environ, 'PYTHONPATH': str(folder)}
    command = [sys.executable, __file__, kind]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def collect_tensorrt(requirement: str) -> tuple[str, dict]:
    """Return the version and the names of TensorRT's bindings."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        version = unpack(requirement, folder)
        source = folder / 'empty.c'
        source.write_text('\n'.join(f'void *{s}(void) {{ return 0; }}' for s in SYMBOLS))
        for library in LIBRARIES:
            target = folder / 'tensorrt_bindings' / f'{library}.so.{version.split(".")[0]}'
            subprocess.run(['cc', '-shared', '-fPIC', '-o', target, source], check=True)
        return version, ask(folder, 'tensorrt')


def collect_cuda(requirement: str) -> tuple[str, dict]:
    """Return the version and the names of CUDA's bindings."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        unpack('cuda-pathfinder', folder)
        return unpack(requirement, folder), ask(folder, 'cuda')


def answer(kind: str) -> None:
    """Describe the bindings on this Python's path, in a process that then ends at once."""
    if kind == 'tensorrt':
        import tensorrt_bindings

        found = describe_tensorrt(tensorrt_bindings)
    else:
        from cuda.bindings import runtime

        found = describe_cuda(runtime)
    print(json.dumps(found), flush=True)
    os._exit(0)  # what the empty libraries gave is not to be tidied


def main() -> None:
    """Write names.json."""
    names = {
        'tensorrt': dict(map(collect_tensorrt, TENSORRT)),
        'cuda': dict(map(collect_cuda, CUDA)),
    }
    NAMES.write_text(json.dumps(names, indent=1) + '\n')


if __name__ == '__main__':
    answer(sys.argv[1]) if len(sys.argv) > 1 else main()
