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
"""What the worker does with a frame: decode, enlarge, encode, publish."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock
from sensor_msgs.msg import CompressedImage

from cdst_ros.depth.arrays import F32, U8
from cdst_ros.depth.camera import CameraModel
from cdst_ros.depth.compressed import declared_size, decode_compressed, encode_compressed
from cdst_ros.depth.encodings import DepthDecodeError, decode, encode
from cdst_ros.depth.messages import stamp_ns
from cdst_ros.depth.repetition import RepetitionDetector
from cdst_ros.depth.validity import valid_mask
from cdst_ros.nodes.color import registered_color
from cdst_ros.nodes.frame import Frame, FrameRefusedError
from cdst_ros.nodes.outputs import Outputs
from cdst_ros.nodes.parameters import Parameters
from cdst_ros.nodes.slot import EngineSlot
from cdst_ros.nodes.throttle import ThrottledLog
from cdst_ros.nodes.window import Window
from cdst_ros.superres.confidence import confidence
from cdst_ros.superres.engine import Engine, EngineError, EngineInfo
from cdst_ros.superres.engines import CLASSICAL_ENGINES
from cdst_ros.superres.frame import Result, Settings, SuperResolution

#: After such a pause [s] the frames may come from elsewhere.
_NEW_STREAM_S = 2.0


class Pipeline:
    """
    Takes frames to the publishers; every method but ``change`` runs on the worker's thread.

    :param clock: of the node, to tell the age of a frame by its stamp
    :param enlarged: told how many times the input repeats its pixels, 1.0 if it does not, once
        that is known of a stream
    """

    def __init__(
        self,
        *,
        slot: EngineSlot,
        outputs: Outputs,
        parameters: Parameters,
        window: Window,
        log: ThrottledLog,
        clock: Clock,
        logger: Any,
        enlarged: Callable[[float], None],
    ) -> None:
        self._slot = slot
        self._outputs = outputs
        self._parameters = parameters
        self._window = window
        self._log = log
        self._clock = clock
        self._logger = logger
        self._enlarged = enlarged
        self._repetition = RepetitionDetector()
        self._super_resolution: SuperResolution | None = None
        self._size = (0, 0)
        self._frame: F32 | None = None
        self._last_arrival = 0.0

    @property
    def frame(self) -> F32 | None:
        """The last input (H, W) [m], not to be changed; None before the first."""
        return self._frame

    def change(self, parameters: Parameters) -> None:
        """Use other parameters from the next frame on; any thread."""
        self._parameters = parameters

    def process(self, frame: Frame) -> None:
        """Publish what becomes of ``frame``, or say why nothing does."""
        try:
            self._process(frame, self._parameters)
        except FrameRefusedError as refusal:
            self._refuse(refusal.reason, str(refusal))
        except DepthDecodeError as error:
            self._refuse('not decodable', f'{frame.topic}: {error}. The frame is dropped')
        except EngineError as error:
            self._refuse('engine', f'{frame.topic}: {error}. The frame is dropped')

    def broke(self, error: Exception) -> None:
        """Say what nobody foresaw; the next frame is tried as if nothing had been."""
        self._refuse(
            'unforeseen',
            'this should not have happened; the frame is dropped. Please report it with what '
            f'follows:\n{"".join(traceback.format_exception(error)).strip()}',
        )

    def _process(self, frame: Frame, parameters: Parameters) -> None:
        laps = Laps()
        laps.took({'wait': time.monotonic() - frame.arrived})
        engine = self._slot.take()
        depth = self._decode(frame, parameters, engine.info)
        color = self._color(frame, depth, engine.info)
        laps.lap('decode')
        result = self._through(engine, parameters)(depth, color)
        laps.took(result.timings)
        header = frame.depth.header
        pixels = encode(result.depth, parameters.output_encoding)
        laps.lap('encode')
        camera = self._camera(frame, depth, engine.info)
        if camera is not None:
            self._outputs.publish_camera_info(camera.fill, header)
        self._outputs.publish_image('image', pixels, parameters.output_encoding, header)
        laps.lap('publish')
        self._window.count('out')
        self._age(frame)
        self._publish_extras(result, engine.info, parameters, header)
        laps.lap('extras')
        self._window.add(laps.seconds)
        self._look_at(frame, depth, parameters)

    def _decode(self, frame: Frame, parameters: Parameters, engine: EngineInfo) -> F32:
        msg = frame.depth
        if isinstance(msg, CompressedImage):
            self._check_size(frame, declared_size(msg) or (0, 0), parameters, engine)
            depth = decode_compressed(msg, parameters.depth_scale)
        else:
            self._check_size(frame, (msg.height, msg.width), parameters, engine)
            depth = decode(msg, parameters.depth_scale)
        if depth.shape != self._size:
            self._tell_size(frame, depth, engine)
        self._frame = depth
        return depth

    def _check_size(
        self, frame: Frame, size: tuple[int, int], parameters: Parameters, engine: EngineInfo
    ) -> None:
        height, width = size
        pixels = height * width * engine.scale**2
        if pixels > parameters.max_pixels:
            raise FrameRefusedError(
                'too large',
                f'{frame.topic}: {width}x{height} px would become '
                f'{width * engine.scale}x{height * engine.scale}, {pixels / 1e6:.1f} million '
                f'pixels, and max_pixels is {parameters.max_pixels / 1e6:.1f} million: take a '
                'model of a smaller scale, have the driver bin the image, or raise max_pixels',
            )

    def _tell_size(self, frame: Frame, depth: F32, engine: EngineInfo) -> None:
        (old_height, old_width), (height, width) = self._size, depth.shape
        self._size = (height, width)
        was = f', was {old_width}x{old_height}' if old_width else ''
        self._logger.info(
            f'{frame.topic}: {width}x{height} px{was}; output is '
            f'{width * engine.scale}x{height * engine.scale}'
        )

    def _color(self, frame: Frame, depth: F32, engine: EngineInfo) -> U8 | None:
        if not engine.guided:
            return None
        camera = self._camera(frame, depth, engine)
        if camera is None or frame.color is None:
            raise FrameRefusedError(
                'colour', f'{engine.engine} needs colour and a fitting camera_info with each image'
            )
        return registered_color(frame.color, frame.color_info, camera, frame.depth.header.frame_id)

    def _through(self, engine: Engine, parameters: Parameters) -> SuperResolution:
        if self._super_resolution is None or self._super_resolution.engine is not engine:
            self._super_resolution = SuperResolution(engine)
        self._super_resolution.settings = settings(parameters)
        return self._super_resolution

    def _camera(self, frame: Frame, depth: F32, engine: EngineInfo) -> CameraModel | None:
        """Return the camera of the output, None without one that fits the input."""
        if frame.camera_info is None:
            return None
        camera = CameraModel.from_message(frame.camera_info).reduced()
        height, width = depth.shape
        if camera.matches(width, height):
            return camera.scaled(engine.scale, engine.alignment)
        self._window.count('camera_info refused')
        self._log.warn(
            f'{frame.topic}: the image is {width}x{height} px and its camera_info '
            f'{camera.width}x{camera.height} px (binning and region of interest applied): remap '
            'depth/camera_info to the one of this very image. The image is published without '
            'camera_info',
        )
        return None

    def _age(self, frame: Frame) -> None:
        stamp = stamp_ns(frame.depth.header)
        self._window.add({'age': (self._clock.now().nanoseconds - stamp) / 1e9})
        self._window.add({'total': time.monotonic() - frame.arrived})

    def _publish_extras(
        self, result: Result, engine: EngineInfo, parameters: Parameters, header: Any
    ) -> None:
        outputs = self._outputs
        if outputs.wanted('compressed'):
            form, data = encode_compressed(result.depth, parameters.output_encoding)
            outputs.publish_compressed(form, data, header)
        wanted = [name for name in ('confidence', 'sigma') if outputs.wanted(name)]
        if wanted and engine.engine in CLASSICAL_ENGINES:
            self._log.warn(
                f'{" and ".join(outputs.topic(name) for name in wanted)}: {engine.engine} has no '
                'notion of its error; set engine to auto to run a model',
            )
        if not wanted or result.sigma is None:
            return
        if 'sigma' in wanted:
            outputs.publish_image('sigma', result.sigma, '32FC1', header)
        if 'confidence' in wanted:
            sure = confidence(result.depth, result.sigma)
            outputs.publish_image('confidence', sure, '32FC1', header)

    def _look_at(self, frame: Frame, depth: F32, parameters: Parameters) -> None:
        """Tell of input that can be enlarged but should not be like that."""
        if not valid_mask(depth, parameters.min_depth, parameters.max_depth).any():
            self._window.count('nothing valid')
            self._log.warn(
                f'{frame.topic}: no pixel of this image is known (all 0, NaN, or out of range: '
                f'{parameters.min_depth:g} to {parameters.max_depth:g} m): is the lens covered, '
                'the scene out of range, or depth_scale wrong? The output is unknown '
                'everywhere, too',
            )
        if frame.arrived - self._last_arrival > _NEW_STREAM_S:
            self._repetition = RepetitionDetector()
        self._last_arrival = frame.arrived
        decided = self._repetition.factor
        factor = self._repetition.update(depth)
        if factor is not None and factor != decided:
            self._enlarged(factor)

    def _refuse(self, reason: str, text: str) -> None:
        self._window.count(f'dropped/{reason}')
        self._log.warn(text)


class Laps:
    """Seconds of one stage after the other."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """End the stage ``name``."""
        now = time.perf_counter()
        self.seconds[name] = now - self._last
        self._last = now

    def took(self, seconds: dict[str, float]) -> None:
        """Note stages that were timed elsewhere since the last lap."""
        self.seconds.update(seconds)
        self._last = time.perf_counter()


def settings(parameters: Parameters) -> Settings:
    """Return what these parameters ask of the output."""
    return Settings(
        bounded=parameters.bounded,
        bound_sigmas=parameters.bound_sigmas,
        max_sigma=parameters.max_sigma or None,
        fill_holes=parameters.fill_holes,
        min_depth=parameters.min_depth,
        max_depth=parameters.max_depth,
    )
