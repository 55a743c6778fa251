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
from cdst_ros.nodes.cloud import CloudMaker
from cdst_ros.nodes.color import ColorImage, NoColorError, Registrar, read_color
from cdst_ros.nodes.color_watch import ColorWatch
from cdst_ros.nodes.engines import Engines
from cdst_ros.nodes.frame import Frame, FrameRefusedError, NoColor
from cdst_ros.nodes.outputs import Outputs
from cdst_ros.nodes.parameters import Parameters
from cdst_ros.nodes.registration_check import RegistrationCheck
from cdst_ros.nodes.slot import EngineSlot
from cdst_ros.nodes.throttle import ThrottledLog
from cdst_ros.nodes.window import Window
from cdst_ros.superres.confidence import confidence
from cdst_ros.superres.engine import Engine, EngineError, EngineInfo
from cdst_ros.superres.engines import CLASSICAL_ENGINES
from cdst_ros.superres.frame import Result, Settings, SuperResolution

#: After such a pause [s] the frames may come from elsewhere.
_NEW_STREAM_S = 2.0
#: What errors that nobody foresaw are counted as.
_UNFORESEEN = 'unforeseen'


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
        self._runs: dict[bool, SuperResolution] = {}
        #: Whether frames have had colour.
        self.color = ColorWatch(window, logger)
        #: Whether colour lies on depth.
        self.registration = RegistrationCheck(self._stumbled)
        self._registrar = Registrar()
        self._clouds = CloudMaker(outputs, window, log, self._stumbled)
        self._size = (0, 0)
        self._frame: F32 | None = None
        self._last_arrival = 0.0

    @property
    def frame(self) -> F32 | None:
        """The last input (H, W) [m], not to be changed; None before the first."""
        return self._frame

    def stop(self) -> None:
        """End what goes on beside the frames; the worker must have stopped."""
        self.registration.stop()
        self._clouds.stop()

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
        self._refuse(_UNFORESEEN, _report_of(error, 'the frame is dropped'))

    def _stumbled(self, error: Exception) -> None:
        """Say what nobody foresaw beside the frames."""
        self._window.count(_UNFORESEEN)
        self._log.warn(_report_of(error, 'frames go on'))

    def _process(self, frame: Frame, parameters: Parameters) -> None:
        laps = Laps()
        laps.took({'wait': time.monotonic() - frame.arrived})
        engines = self._slot.take()
        depth = self._decode(frame, parameters, engines.info)
        camera = self._camera(frame, depth)
        laps.lap('decode')
        cloud_due = camera is not None and self._clouds.due()
        color, guide = None, None
        if engines.seeing is not None or cloud_due:
            color = self._color(frame, depth, camera, engines)
        if color is not None and camera is not None and engines.seeing is not None:
            guide = self._guide(color, depth, camera, engines)
            laps.lap('colour')
        result = self._enlarge(engines, depth, guide, parameters)
        laps.took(result.timings)
        header = frame.depth.header
        pixels = encode(result.depth, parameters.output_encoding)
        laps.lap('encode')
        info = engines.info
        finer = None if camera is None else camera.scaled(info.scale, info.alignment)
        if finer is not None:
            self._outputs.publish_camera_info(finer.fill, header)
        self._outputs.publish_image('image', pixels, parameters.output_encoding, header)
        laps.lap('publish')
        self._window.count('out')
        self._age(frame)
        if cloud_due and finer is not None:
            stride, rate = parameters.cloud_stride, parameters.cloud_rate
            self._clouds.order(result.depth, finer, color, header, stride, rate)
        self._publish_extras(result, info, parameters, header)
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

    def _color(
        self, frame: Frame, depth: F32, camera: CameraModel | None, engines: Engines
    ) -> ColorImage | None:
        """Return the colour of a frame, None where there is none that may be used."""
        try:
            return self._usable_color(frame, depth, camera, engines)
        except NoColorError as error:
            said = str(error)
            self._do_without(NoColor(error.kind, lambda: said), engines)
            return None

    def _usable_color(
        self, frame: Frame, depth: F32, camera: CameraModel | None, engines: Engines
    ) -> ColorImage | None:
        if frame.find_color is None:
            return None  # nobody had asked for it when the frame came
        found = frame.find_color()
        if isinstance(found, NoColor):
            self._do_without(found, engines)
            return None
        if camera is None:
            raise NoColorError(
                'depth camera unknown',
                f'{frame.topic} comes without a camera_info that fits it, so nobody knows where '
                'its pixels look',
            )
        color = read_color(found)
        self.registration.offer(color, depth, camera, engines.info.scale)
        if self.registration.refusal:
            raise NoColorError('misregistered', self.registration.refusal)
        return color

    def _guide(
        self, color: ColorImage, depth: F32, camera: CameraModel, engines: Engines
    ) -> U8 | None:
        """Return colour on the output's grid, None where it cannot be brought there."""
        info = engines.info
        try:
            return self._registrar.register(color, depth, camera, info.scale, info.alignment)
        except NoColorError as error:
            said = str(error)
            self._do_without(NoColor(error.kind, lambda: said), engines)
            return None

    def _do_without(self, why: NoColor, engines: Engines) -> None:
        """
        Note that a frame has no colour.

        :raises FrameRefusedError: where it cannot do without
        """
        if engines.need_color:
            raise FrameRefusedError(
                'colour',
                f'{engines.info.model} needs colour with each image, and there is none: '
                f'{why.explain()}. The frame is dropped; models do without: set engine to auto',
            )
        if engines.seeing is not None:
            self.color.lacked(why, f'Depth alone is used, by {engines.info.model}')
        elif why.kind != 'missing':  # clouds alone take what there is
            self.color.lacked(why, f'{self._outputs.topic("cloud")} is without it')

    def _enlarge(
        self, engines: Engines, depth: F32, guide: U8 | None, parameters: Parameters
    ) -> Result:
        """Return the enlarged frame; with colour, where there is some and it helps."""
        seeing = engines.seeing
        if guide is not None and seeing is not None:
            try:
                result = self._through(seeing, parameters)(depth, guide)
            except EngineError as error:
                if seeing is engines.plain:
                    raise
                said = str(error)
                self._do_without(NoColor('guided model broke', lambda: said), engines)
            else:
                self.color.used()
                return result
        if engines.need_color:
            raise FrameRefusedError(
                'colour', f'{engines.info.model} needs colour, which is only asked for now'
            )
        return self._through(engines.plain, parameters)(depth)

    def _through(self, engine: Engine, parameters: Parameters) -> SuperResolution:
        guided = engine.info.guided
        run = self._runs.get(guided)
        if run is None or run.engine is not engine:
            run = self._runs[guided] = SuperResolution(engine)
        run.settings = settings(parameters)
        return run

    def _camera(self, frame: Frame, depth: F32) -> CameraModel | None:
        """Return the camera of the input, None without one that fits it."""
        if frame.camera_info is None:
            return None
        camera = CameraModel.from_message(frame.camera_info).on_topic(frame.topic).reduced()
        height, width = depth.shape
        if camera.matches(width, height):
            return camera
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


def _report_of(error: Exception, consequence: str) -> str:
    return (
        f'this should not have happened; {consequence}. Please report it with what follows:\n'
        f'{"".join(traceback.format_exception(error)).strip()}'
    )


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
