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
Plays TensorRT: builds plans that hold the model, and runs them by ONNX Runtime.

Its classes have only what the real ones of the version have, and take and return only what those
do (``names.real``). What is done in the wrong order or not at all shows as it would with TensorRT:
as False, as None, or as wrong output.
"""

from __future__ import annotations

import enum
import json
import os
import signal
import time

import numpy as np
import onnx
import onnxruntime
from cuda.bindings import runtime as cudart
from names import NAMES, fault, real, version_of

__version__ = version_of('tensorrt')
_REAL = NAMES['tensorrt'][__version__]
_MAJOR = int(__version__.split('.')[0])

for _enumeration, _members in _REAL['enumerations'].items():
    globals()[_enumeration] = enum.IntEnum(
        _enumeration, {name: value for value, name in enumerate(_members)}
    )

BuilderFlag = globals()['BuilderFlag']
DataType = globals()['DataType']
NetworkDefinitionCreationFlag = globals()['NetworkDefinitionCreationFlag']


@real
class ILogger:
    Severity = enum.IntEnum('Severity', _REAL['severities'], start=0)

    def __init__(self):
        self._made = True

    def log(self, severity, msg):
        raise NotImplementedError


ILogger.log = lambda self, severity, msg: None


@real
class IProgressMonitor:
    def __init__(self):
        self._made = True

    def phase_start(self, phase_name, parent_phase, num_steps):
        return None

    def step_complete(self, phase_name, step):
        return True

    def phase_finish(self, phase_name):
        return None


@real
class ITensor:
    def __init__(self):
        self._name, self._shape, self._dtype = '', (), None

    @property
    def name(self):
        return self._name

    @property
    def shape(self):
        return self._shape

    @property
    def dtype(self):
        return self._dtype


def _tensor(value):
    kinds = {onnx.TensorProto.FLOAT: DataType.FLOAT, onnx.TensorProto.FLOAT16: DataType.HALF}
    made = ITensor()
    made._name = value.name
    kind = value.type.tensor_type
    made._dtype = kinds.get(kind.elem_type, DataType.INT32)
    made._shape = tuple(
        side.dim_value if side.HasField('dim_value') else -1 for side in kind.shape.dim
    )
    return made


@real
class INetworkDefinition:
    def __init__(self):
        self._model, self._inputs, self._outputs = b'', [], []

    @property
    def num_inputs(self):
        return len(self._inputs)

    @property
    def num_outputs(self):
        return len(self._outputs)

    def get_input(self, index):
        return self._inputs[index]

    def get_output(self, index):
        return self._outputs[index]


@real
class IOptimizationProfile:
    def __init__(self):
        self._shapes = {}

    def set_shape(self, input, min, opt, max):
        if not min <= opt <= max or fault('set_shape'):
            raise RuntimeError('Shape provided for min is inconsistent with other shapes.')
        self._shapes[input] = (min, opt, max)


@real
class IBuilderConfig:
    def __init__(self):
        self._flags = {BuilderFlag.TF32}
        self._profiles = []
        self._monitor = None

    @property
    def progress_monitor(self):
        return self._monitor

    @progress_monitor.setter
    def progress_monitor(self, monitor):
        assert isinstance(monitor, IProgressMonitor)
        assert monitor._made, 'pybind11 objects need their __init__'
        self._monitor = monitor

    def clear_flag(self, flag):
        self._flags.discard(flag)

    def get_flag(self, flag):
        return flag in self._flags

    def add_optimization_profile(self, profile):
        if fault('add_optimization_profile'):
            return -1
        self._profiles.append(profile)
        return len(self._profiles) - 1


@real
class IHostMemory(bytes):
    @property
    def nbytes(self):
        return len(self)


def _host_memory(content):
    return IHostMemory(content)


@real
class Builder:
    def __init__(self, logger):
        assert logger._made, 'pybind11 objects need their __init__'
        if fault('Builder'):
            logger.log(ILogger.Severity.ERROR, 'the stand-in makes no builder')
            raise TypeError('pybind11::init(): factory function returned nullptr')
        self._logger = logger

    def create_network(self, flags=0):
        strong = 1 << int(NetworkDefinitionCreationFlag.STRONGLY_TYPED)
        assert flags == (0 if _MAJOR >= 11 else strong), 'the network is to be strongly typed'
        return INetworkDefinition()

    def create_builder_config(self):
        return IBuilderConfig()

    def create_optimization_profile(self):
        return IOptimizationProfile()

    def build_serialized_network(self, network, config):
        assert BuilderFlag.TF32 not in config._flags, 'TF32 was left on'
        (profile,) = config._profiles
        assert set(profile._shapes) == {tensor.name for tensor in network._inputs}
        monitor = config.progress_monitor
        monitor.phase_start('Building', None, 2)
        monitor.phase_start('Tactics', 'Building', 4)
        for step in range(4):
            assert monitor.step_complete('Tactics', step) is True
            _pause()
        monitor.phase_finish('Tactics')
        assert monitor.step_complete('Building', 0) is True
        monitor.phase_finish('Building')
        if fault('build'):
            self._logger.log(ILogger.Severity.ERROR, 'the stand-in can not build it')
            return None
        if fault('crash'):
            os.kill(os.getpid(), signal.SIGSEGV)
        head = {'version': __version__, 'shapes': {k: v[1] for k, v in profile._shapes.items()}}
        return _host_memory(json.dumps(head).encode() + b'\n' + network._model)


def _pause():
    """Wait for as long as the file named in STANDIN_HOLD is there; note that it was reached."""
    hold = os.environ.get('STANDIN_HOLD')
    if not hold:
        return
    with open(hold + '.reached', 'a') as file:
        file.write(f'{os.getpid()}\n')
    while os.path.exists(hold):
        time.sleep(0.02)


@real
class ParserError:
    def __init__(self):
        self._text = 'the stand-in does not know this operator'

    def desc(self):
        return self._text

    def node_name(self):
        return 'conv_3'


@real
class OnnxParser:
    def __init__(self, network, logger):
        self._network = network
        self._errors = []

    @property
    def num_errors(self):
        return len(self._errors)

    def get_error(self, index):
        return self._errors[index]

    def parse(self, model):
        if fault('parse'):
            self._errors.append(ParserError())
            return False
        graph = onnx.load_from_string(model).graph
        self._network._model = model
        self._network._inputs = [_tensor(value) for value in graph.input]
        self._network._outputs = [_tensor(value) for value in graph.output]
        return True


@real
class Runtime:
    def __init__(self, logger):
        assert cudart.counts.get('cudaSetDevice'), 'without a driver, the real one crashes here'
        self._logger = logger

    def deserialize_cuda_engine(self, serialized_engine):
        head, _, model = serialized_engine.partition(b'\n')
        values = json.loads(head)
        if values['version'] != __version__ or fault('deserialize'):
            self._logger.log(
                ILogger.Severity.ERROR, f'the plan is of {values["version"]}, not {__version__}'
            )
            return None
        engine = ICudaEngine()
        engine._shapes = {name: tuple(shape) for name, shape in values['shapes'].items()}
        engine._model = model
        return engine


@real
class ICudaEngine:
    def __init__(self):
        self._shapes, self._model = {}, b''

    def create_execution_context(self):
        if fault('create_execution_context'):
            return None
        context = IExecutionContext()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        context._session = onnxruntime.InferenceSession(self._model, options)
        context._profile = self._shapes
        return context


@real
class IExecutionContext:
    def __init__(self):
        self._session, self._profile, self._shapes, self._addresses = None, {}, {}, {}

    def set_input_shape(self, name, shape):
        if self._profile.get(name) != shape or fault('set_input_shape'):
            return False
        self._shapes[name] = shape
        return True

    def infer_shapes(self):
        known = () if fault('infer_shapes') else self._shapes
        return [name for name in self._profile if name not in known]

    def get_tensor_shape(self, name):
        return tuple(
            self._run({n: np.zeros(s, 'f4') for n, s in self._shapes.items()})[name].shape
        )

    def set_tensor_address(self, name, memory):
        if fault('set_tensor_address') or memory % 1:
            return False
        self._addresses[name] = memory
        return True

    def execute_async_v3(self, stream_handle):
        names = {tensor.name for tensor in self._session.get_outputs()} | set(self._profile)
        if fault('execute') or set(self._addresses) != names:
            return False
        cudart.stream_of(stream_handle).send(self._execute)
        return True

    def _execute(self):
        inputs = {}
        for name, shape in self._shapes.items():
            data = cudart.device_bytes(self._addresses[name], 4 * int(np.prod(shape)))
            inputs[name] = np.frombuffer(data, np.float32).reshape(shape)
        for name, array in self._run(inputs).items():
            wrong = np.float32(1.2 if fault('miscompiled') and name == 'depth_hr' else 1.0)
            target = cudart.device_bytes(self._addresses[name], array.nbytes)
            target[:] = np.ascontiguousarray(array * wrong).tobytes()

    def _run(self, inputs):
        names = [tensor.name for tensor in self._session.get_outputs()]
        return dict(zip(names, self._session.run(names, inputs), strict=True))
