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
Send bad inputs to a live superres node; note what it says, and that the next frame comes out.

The node is a process of its own, reached over DDS. After every bad input a good frame is sent, and
has to come back enlarged, with its camera_info::

    python benchmarks/bad_inputs.py --markdown docs/bad-inputs.md
"""

from __future__ import annotations

import argparse
import os
import re
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import rclpy
from rcl_interfaces.msg import Log, Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from rclpy.utilities import get_rmw_implementation_identifier
from report import command, machine, markdown
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from cdst_ros.depth.arrays import F32
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.compressed import encode_compressed, fill_compressed
from cdst_ros.depth.encodings import encode, fill_image
from cdst_ros.depth.messages import stamp_ns
from cdst_ros.nodes.children import Children
from cdst_ros.nodes.transport import profile_environment
from cdst_ros.superres.contract import CONTRACT_KEY

HEIGHT, WIDTH = 36, 48
#: Small, so that an image of ordinary size is too large.
MAX_PIXELS = 2_000_000
NAMESPACE = '/bad_inputs'
FOREIGN_MODEL = 'from_the_future.onnx'
#: Time for the node to answer, on a machine that has other work, too [s].
PATIENCE_S = 40.0


class Driver:
    """
    A superres process, and what it takes to talk to it.

    :param arguments: parameters of the node, as ``engine:=bicubic``
    """

    def __init__(self, children: Children, arguments: Sequence[str], name: str = 'superres'):
        self._children = children
        self._name = name
        children.start(name, node_command(NAMESPACE, *arguments))
        self.node = rclpy.create_node('driver', namespace=NAMESPACE)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self.log: list[str] = []
        self._images: dict[int, Image] = {}
        self._infos: dict[int, CameraInfo] = {}
        latched = QoSProfile(depth=1000, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
        subscribe = self.node.create_subscription
        subscribe(Log, '/rosout', self._on_log, latched)
        subscribe(Image, 'depth_hr/image_raw', lambda m: _keep(self._images, m), 50)
        subscribe(CameraInfo, 'depth_hr/camera_info', lambda m: _keep(self._infos, m), 50)
        self._setter = self.node.create_client(
            SetParametersAtomically, 'superres/set_parameters_atomically'
        )
        self.compressed = self.node.create_publisher(
            CompressedImage, 'depth/image_raw/compressedDepth', 5
        )
        self.clock_s = 1000.0
        self.advertise()

    def advertise(self, reliability: QoSReliabilityPolicy = QoSReliabilityPolicy.RELIABLE) -> None:
        """Publish the depth topics."""
        qos = QoSProfile(depth=5, reliability=reliability)
        self.depth = self.node.create_publisher(Image, 'depth/image_raw', qos)
        self.info = self.node.create_publisher(CameraInfo, 'depth/camera_info', qos)

    def withdraw(self) -> None:
        """Publish them no more."""
        self.node.destroy_publisher(self.depth)
        self.node.destroy_publisher(self.info)

    def close(self) -> None:
        """Leave the graph; the process is the children's to end."""
        self._executor.shutdown()
        self.node.destroy_node()

    def stamp(self) -> float:
        """Return the next stamp [s]."""
        self.clock_s = round(self.clock_s + 0.1, 3)
        return self.clock_s

    def send(self, msg: Image, info: CameraInfo | None = None) -> float:
        """Publish an image under a new stamp, with a camera_info unless it is None."""
        stamp = self.stamp()
        if info is not None:
            self.info.publish(_stamped(info, stamp))
        self.depth.publish(_stamped(msg, stamp))
        return stamp

    def good_frame_comes_out(self) -> bool:
        """Send good frames until one comes back with its camera_info; False if none does."""

        def through() -> bool:
            stamp = round(1e9 * self.send(depth_image(wall()), camera_info(HEIGHT, WIDTH)))
            self.wait(lambda: stamp in self._images and stamp in self._infos, 0.5)
            if stamp not in self._images or stamp not in self._infos:
                return False
            image, info = self._images[stamp], self._infos[stamp]
            whole = image.width % WIDTH == 0 and image.width // WIDTH == image.height // HEIGHT
            return (
                whole
                and any(image.data)
                and (info.width, info.height)
                == (
                    image.width,
                    image.height,
                )
            )

        return self.wait(through, PATIENCE_S)

    def set(self, **values: Any) -> str:
        """Set parameters together; return the reason of the refusal, '' if there is none."""
        assert self.wait(self._setter.service_is_ready, PATIENCE_S)
        request = SetParametersAtomically.Request(
            parameters=[Parameter(name=n, value=_value(v)) for n, v in values.items()]
        )
        future = self._setter.call_async(request)
        assert self.wait(future.done, PATIENCE_S)
        result = future.result().result
        return '' if result.successful else str(result.reason)

    def heard(self, pattern: str, since: int) -> str:
        """Return what the node has logged that matches, '' if it has not."""
        return next((line for line in self.log[since:] if re.search(pattern, line)), '')

    def wait(self, condition: Callable[[], Any], timeout_s: float) -> bool:
        """Spin until ``condition`` holds; tell whether it does."""
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                return False
            self._executor.spin_once(timeout_sec=0.02)
        return True

    def alive(self) -> bool:
        """Tell whether the process lives."""
        return os.path.exists(f'/proc/{self._children.pids()[self._name]}/exe')

    def output(self) -> str:
        """Return the last lines of the process."""
        return self._children.log(self._name)

    def _on_log(self, msg: Log) -> None:
        if msg.name == f'{NAMESPACE[1:]}.superres':
            self.log.append(msg.msg)


def node_command(namespace: str, *arguments: str) -> list[str]:
    """Return the command line of a superres node with these parameters."""
    parameters = [word for argument in arguments for word in ('-p', argument)]
    module = 'cdst_ros.nodes.superres_node'
    return [sys.executable, '-m', module, '--ros-args', '-r', f'__ns:={namespace}', *parameters]


def wall(height: int = HEIGHT, width: int = WIDTH) -> F32:
    """Return a rough slanted wall (H, W) [m]."""
    noise = np.random.default_rng(0).normal(0, 0.01, (height, width))
    return (np.linspace(1, 2, width)[None] + noise).astype(np.float32)


def depth_image(depth: F32, encoding: str = '16UC1') -> Image:
    """Return a depth message without a stamp."""
    msg = Image()
    fill_image(msg, encode(depth, encoding), encoding)
    return msg


def camera_info(height: int, width: int) -> CameraInfo:
    """Return the camera_info of an image of that size, without a stamp."""
    msg = CameraInfo()
    CameraModel.from_intrinsics(width, width, width / 2, height / 2, width, height).fill(msg)
    return msg


def broken(**fields: Any) -> Image:
    """Return a good message with other values in some fields."""
    msg = depth_image(wall())
    for name, value in fields.items():
        setattr(msg, name, value)
    return msg


def foreign_model(folder: Path) -> Path:
    """Write a model that claims a contract of the future."""
    import onnx
    from onnx import helper

    model = helper.make_model(helper.make_graph([], 'empty', [], []))
    helper.set_model_props(model, {CONTRACT_KEY: '99'})
    onnx.save(model, folder / FOREIGN_MODEL)
    return folder / FOREIGN_MODEL


@dataclass(frozen=True)
class Case:
    """
    One bad input.

    :param name: what it is
    :param says: pattern of what the node has to say
    :param send: sends it; what it returns is what was said, else the log is waited for; it is
        repeated until then
    :param mend: makes good what would hinder the next case
    """

    name: str
    says: str
    send: Callable[[Driver], str | None]
    mend: Callable[[Driver], Any] = lambda driver: None


class Outcome(NamedTuple):
    """What the node said, and whether the next good frame came out."""

    said: str
    recovered: bool


def run(driver: Driver, case: Case) -> Outcome:
    """Try one bad input on a node that works."""
    if not driver.good_frame_comes_out():
        raise RuntimeError(
            f'before "{case.name}" no good frame came out; the node said:\n{driver.output()}'
        )
    since = len(driver.log)
    said = ''

    def answered() -> bool:
        nonlocal said
        said = case.send(driver) or ''
        driver.wait(lambda: said or driver.heard(case.says, since), 0.3)
        said = said or driver.heard(case.says, since)
        return bool(said)

    driver.wait(answered, PATIENCE_S)
    case.mend(driver)
    return Outcome(said, driver.good_frame_comes_out() and driver.alive())


def send(driver: Driver, msg: Image, info: CameraInfo | None = None) -> None:
    """Send an image; without another, with the camera_info of its size."""
    driver.send(msg, camera_info(msg.height, msg.width) if info is None else info)


def _image_case(name: str, says: str, make: Callable[[], Image]) -> Case:
    return Case(name, says, lambda driver: send(driver, make()))


def _refusal(name: str, says: str, **values: Any) -> Case:
    return Case(name, says, lambda driver: driver.set(**values))


def _send_alone(driver: Driver) -> None:
    driver.send(depth_image(wall()))


def cases(folder: Path) -> list[Case]:
    """Return the bad inputs, in a fixed order; ``folder`` holds what ``foreign_model`` wrote."""

    def no_publisher_of_info(driver: Driver) -> None:
        if driver.info is not None:
            driver.node.destroy_publisher(driver.info)
            driver.info = None
        _send_alone(driver)

    def restarted(driver: Driver) -> None:
        driver.withdraw()
        driver.advertise(QoSReliabilityPolicy.BEST_EFFORT)
        driver.good_frame_comes_out()

    def backwards(driver: Driver) -> None:
        driver.clock_s -= 100.0
        send(driver, depth_image(wall()))

    def enlarged(driver: Driver) -> None:
        send(driver, depth_image(wall().repeat(3, axis=0).repeat(3, axis=1)))

    def compressed(data: Callable[[], tuple[str, bytes]]) -> Callable[[Driver], None]:
        def send_compressed(driver: Driver) -> None:
            driver.set(input_transport='compressedDepth')
            msg = CompressedImage()
            fill_compressed(msg, *data())
            driver.compressed.publish(_stamped(msg, driver.stamp()))

        return send_compressed

    def cut_png() -> tuple[str, bytes]:
        form, data = encode_compressed(wall(), '16UC1')
        return form, data[: len(data) // 2]

    def vast_png() -> tuple[str, bytes]:
        form, data = encode_compressed(wall(), '16UC1')
        at = 12 + 16  # the transport's header, and the way to width and height in a PNG
        return form, data[:at] + struct.pack('>II', 30_000, 30_000) + data[at + 8 :]

    def jpeg() -> tuple[str, bytes]:
        return 'rgb8; jpeg compressed bgr8', cv2.imencode('.jpg', np.zeros((8, 8, 3), np.uint8))[
            1
        ].tobytes()

    def back_to_raw(driver: Driver) -> None:
        driver.set(input_transport='raw')

    def reliable_again(driver: Driver) -> None:
        driver.withdraw()
        driver.advertise()

    def info_again(driver: Driver) -> None:
        driver.info = driver.node.create_publisher(CameraInfo, 'depth/camera_info', 5)

    zeros = np.zeros((HEIGHT, WIDTH), np.float32)
    return [
        _image_case('wrong encoding: rgb8', "encoding 'rgb8'", lambda: broken(encoding='rgb8')),
        _image_case('wrong encoding: 8UC1', "encoding '8UC1'", lambda: broken(encoding='8UC1')),
        _image_case('short data: half a message', 'cut short', lambda: _cut(broken())),
        _image_case('step shorter than a row', 'bytes a row', lambda: broken(step=WIDTH)),
        _image_case('zero size: 0x0', 'is empty', lambda: broken(height=0, width=0, step=0)),
        _image_case(
            'all NaN (32FC1)', 'no pixel .* is known', lambda: depth_image(zeros * np.nan, '32FC1')
        ),
        _image_case('all zero (16UC1)', 'no pixel .* is known', lambda: depth_image(zeros)),
        _image_case('1x1', '1x1 px', lambda: depth_image(wall(1, 1))),
        _image_case(
            f'huge: 1280x960 where max_pixels is {MAX_PIXELS}',
            'max_pixels',
            lambda: depth_image(wall(960, 1280)),
        ),
        _image_case('size change: to 50x30', '50x30 px, was', lambda: depth_image(wall(30, 50))),
        Case('camera_info without messages', 'no camera_info of the same stamp', _send_alone),
        Case(
            'camera_info absent: no publisher',
            'nobody publishes .*camera_info',
            no_publisher_of_info,
            info_again,
        ),
        Case(
            'camera_info of another size',
            'its camera_info 100x80 px',
            lambda driver: send(driver, depth_image(wall()), camera_info(80, 100)),
        ),
        Case('already enlarged depth: each pixel 3x3', 'enlarged 3 times', enlarged),
        Case('stamps running backwards, by 100 s', 'ran back', backwards),
        Case(
            'publisher restarted, with best effort now',
            'subscribing best_effort from now on',
            restarted,
            reliable_again,
        ),
        Case(
            'compressedDepth cut short', 'cut short or damaged', compressed(cut_png), back_to_raw
        ),
        Case(
            'compressedDepth that claims 30000x30000',
            'max_pixels',
            compressed(vast_png),
            back_to_raw,
        ),
        Case('compressedDepth that is a JPEG', 'is not depth', compressed(jpeg), back_to_raw),
        _refusal('parameter: unknown engine', 'use one of', engine='warp'),
        _refusal('parameter: out of range', 'out of range', max_depth=5000.0),
        _refusal('parameter: of another type', 'ype', depth_scale='mm'),
        _refusal('parameter: contradiction', 'no depth could', min_depth=3.0, max_depth=2.0),
        _refusal('parameter: read-only', 'read-only', autostart=False),
        _refusal('parameter: no effect', 'no effect', bounded=False, bound_sigmas=2.0),
        _refusal(
            'parameter: geometry would change',
            'allow_geometry_change',
            engine='bicubic',
            scale=3,
        ),
        _refusal(
            'parameter: model of an unknown contract',
            'contract 99',
            engine='onnxruntime',
            model=str(folder / FOREIGN_MODEL),
            scale=0,
        ),
        _refusal(
            'parameter: model that is not there',
            'neither a shipped model',
            engine='onnxruntime',
            model='nowhere.onnx',
            scale=0,
        ),
    ]


def refused_at_start(children: Children, folder: Path) -> str:
    """Start a node with a model of an unknown contract; return its exit code and its reason."""
    arguments = ('engine:=onnxruntime', f'model:={folder / FOREIGN_MODEL}')
    children.start('refusing', node_command(f'{NAMESPACE}/refusing', *arguments))
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        event = children.wait(1.0)
        if event is not None and (event.child, event.name) == ('refusing', 'exited'):
            lines = [t for t in children.log('refusing').splitlines() if 'cannot configure' in t]
            return f'exit code {event.values["code"]}: {lines[-1].partition("cannot ")[2]}'
    return ''


def main() -> int:
    """Try every case, and print the table; 1 if the node did not stand one of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--markdown', type=Path, help='write the table to this file, too')
    parser.add_argument('--model', default='lite_x4', help='name or path (default: lite_x4)')
    parser.add_argument('--engine', default='auto', help='engine (default: auto)')
    parser.add_argument('--scale', type=int, default=0, help='for classical engines')
    options = parser.parse_args()
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    os.environ.setdefault('ROS_DOMAIN_ID', str(1 + os.getpid() % 100))
    os.environ.update(profile_environment(os.environ, get_rmw_implementation_identifier()))
    rclpy.init()
    rows, stood = [], True
    with tempfile.TemporaryDirectory() as name, Children(os.environ) as children:
        folder = foreign_model(Path(name)).parent
        driver = Driver(
            children,
            [
                f'engine:={options.engine}',
                f'model:={options.model}',
                f'scale:={options.scale}',
                f'max_pixels:={MAX_PIXELS}',
            ],
        )
        for case in cases(folder):
            outcome = run(driver, case)
            stood &= bool(re.search(case.says, outcome.said)) and outcome.recovered
            rows.append([case.name, _shown(outcome.said, folder), _yes(outcome.recovered)])
            print(*rows[-1], sep='\n    ', flush=True)
        said = refused_at_start(children, folder)
        stood &= said.startswith('exit code 1') and 'contract 99' in said
        rows.append(['start with a model of an unknown contract', _shown(said, folder), '-'])
        driver.close()
    rclpy.try_shutdown()
    text = _document(markdown(['input', 'what the node said', 'next good frame'], rows))
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding='utf-8')
    return 0 if stood else 1


def _document(table: str) -> str:
    return (
        '# Bad inputs, and what the node says\n\n'
        'Each was sent to a running `superres` node over DDS. A bad input costs its own frame and '
        'one warning, which is repeated at most every 5 s; the good frame sent next has to come '
        f'out, enlarged, with its camera_info.\n\n`{command()}`, {date.today()}, {machine()}\n\n'
        f'{table}\n'
    )


def _shown(said: str, folder: Path) -> str:
    text = said.replace(str(folder) + '/', '').replace(NAMESPACE, '').replace('|', '/')
    return ' '.join(text.split()) or 'nothing'


def _yes(value: bool) -> str:
    return 'came out' if value else '**missing**'


def _cut(msg: Image) -> Image:
    msg.data = msg.data[: len(msg.data) // 2]
    return msg


def _stamped(msg: Any, stamp_s: float) -> Any:
    msg.header.stamp.sec, msg.header.stamp.nanosec = divmod(round(stamp_s * 1e9), 10**9)
    msg.header.frame_id = 'depth_optical'
    return msg


def _keep(inbox: dict[int, Any], msg: Any) -> None:
    inbox[stamp_ns(msg.header)] = msg


def _value(value: Any) -> ParameterValue:
    kinds = {
        bool: (ParameterType.PARAMETER_BOOL, 'bool_value'),
        int: (ParameterType.PARAMETER_INTEGER, 'integer_value'),
        float: (ParameterType.PARAMETER_DOUBLE, 'double_value'),
        str: (ParameterType.PARAMETER_STRING, 'string_value'),
    }
    kind, field = kinds[type(value)]
    return ParameterValue(type=kind, **{field: value})


if __name__ == '__main__':
    sys.exit(main())
