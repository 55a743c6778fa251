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
from pathlib import Path

import pytest

from cdst_ros import environment
from cdst_ros.environment import Finding, Status, cpu_words, integers_pay

XEON = """
processor\t: 0
model name\t: Intel(R) Xeon(R) Platinum
flags\t\t: fpu sse2 avx2 avx512f avx512_vnni avx_vnni amx_bf16 amx_tile
"""
JETSON = """
processor\t: 0
Features\t: fp asimd asimdhp asimddp
"""


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """An installed ROS 2, as far as anyone looks: built for Python 3.12."""
    marker = tmp_path / 'share/ament_index/resource_index/packages/rclpy'
    marker.parent.mkdir(parents=True)
    marker.touch()
    (tmp_path / 'lib/python3.12/site-packages/rclpy').mkdir(parents=True)
    return tmp_path


def test_versions_are_compared_as_numbers():
    assert environment.version_tuple('4.10.0-dev') > environment.version_tuple('4.5.4')
    assert environment.version_tuple('2.13.0+cpu') == (2, 13, 0)
    assert environment.version_tuple('unknown') == ()


def test_a_library_below_its_floor_is_wrong_and_says_which_is_needed():
    assert environment.library('Libraries', 'NumPy', '1.21.5', '1.21').status is Status.OK
    old = environment.library('Libraries', 'NumPy', '1.20.3', '1.21')
    assert old.status is Status.WRONG
    assert '1.21' in old.remedy


def test_cpu_names_the_instructions_that_decide_the_precision():
    assert environment.cpu(XEON, 2).value == (
        'Intel(R) Xeon(R) Platinum, 2 cores, AVX2, AVX-512, VNNI, AMX'
    )
    assert environment.cpu(JETSON, 6).value == 'unknown model, 6 cores, NEON, FP16, dot product'
    assert environment.cpu('', 4).value == 'unknown model, 4 cores'


def test_a_gpu_that_answers_is_named():
    assert environment.gpu('NVIDIA H100, 570.1\n', True).value == 'NVIDIA H100, 570.1'


def test_a_driver_that_does_not_answer_is_told_from_no_gpu():
    silent, none = environment.gpu(None, True), environment.gpu(None, False)
    assert 'nvidia-smi' in silent.remedy
    assert none.remedy == ''
    assert silent.status is none.status is Status.ABSENT


def test_tensorrt_counts_only_with_a_gpu():
    assert environment.tensorrt('10.3.0', True).status is Status.OK
    assert environment.tensorrt('10.3.0', False).status is Status.ABSENT
    assert environment.tensorrt(None, True).remedy
    assert not environment.tensorrt(None, False).remedy


def ros(environ: dict[str, str], wheels: str | None, python: tuple[int, int] = (3, 12)) -> Finding:
    return environment.ros(environ, wheels, '/venv', python)


def test_wheels_are_named_by_their_distribution():
    assert ros({}, '7.1.6').value == 'jazzy wheels, rclpy 7.1.6'
    assert ros({}, '9.1.2').value == 'kilted wheels, rclpy 9.1.2'
    assert ros({}, '42.0').value == 'unknown distribution wheels, rclpy 42.0'


def test_a_sourced_ros_is_named_with_its_place(prefix):
    found = ros({'AMENT_PREFIX_PATH': f'/overlay:{prefix}', 'ROS_DISTRO': 'jazzy'}, None)
    assert found == Finding('ROS 2', 'installation', f'jazzy in {prefix}')


def test_wheels_under_a_sourced_ros_are_refused(prefix):
    mixed = ros({'AMENT_PREFIX_PATH': str(prefix), 'ROS_DISTRO': 'jazzy'}, '9.1.2')
    assert mixed.status is Status.WRONG
    assert str(prefix) in mixed.value
    assert '9.1.2' in mixed.value
    assert mixed.remedy


def test_an_overlay_without_rclpy_does_not_clash_with_wheels(tmp_path):
    assert ros({'AMENT_PREFIX_PATH': str(tmp_path)}, '9.1.2').status is Status.OK


def test_the_wheels_own_prefix_does_not_clash_with_them(prefix):
    environ = {'AMENT_PREFIX_PATH': str(prefix)}
    assert environment.ros(environ, '9.1.2', str(prefix), (3, 12)).status is Status.OK


def test_a_ros_for_another_python_is_refused_and_the_right_one_named(prefix):
    found = ros({'AMENT_PREFIX_PATH': str(prefix), 'ROS_DISTRO': 'jazzy'}, None, (3, 11))
    assert found.status is Status.WRONG
    assert '3.12' in found.remedy


def test_no_ros_at_all_is_no_fault_but_says_how_to_get_one():
    none = ros({}, None)
    assert none.status is Status.ABSENT
    assert 'setup.bash' in none.remedy
    assert '[ros]' in none.remedy


def test_network_says_what_the_variables_mean():
    middleware, domain = environment.network({})
    assert middleware.value == 'the default, rmw_fastrtps_cpp'
    assert domain.value == '0, discovery range SUBNET'
    middleware, domain = environment.network(
        {
            'RMW_IMPLEMENTATION': 'rmw_cyclonedds_cpp',
            'ROS_DOMAIN_ID': '7',
            'ROS_LOCALHOST_ONLY': '1',
        }
    )
    assert middleware.value == 'rmw_cyclonedds_cpp'
    assert domain.value == '7, discovery range LOCALHOST'


def test_transport_gives_the_line_to_type():
    advised = environment.transport({'FASTDDS_DEFAULT_PROFILES_FILE': '/p.xml'})
    assert 'export FASTDDS_DEFAULT_PROFILES_FILE=/p.xml' in advised.remedy
    assert environment.transport({}).status is Status.OK


def test_only_wrong_findings_make_the_verdict_bad():
    fine = Finding('t', 'n', 'v')
    absent = Finding('t', 'n', 'v', Status.ABSENT)
    assert environment.verdict([fine, absent])
    assert not environment.verdict([fine, Finding('t', 'n', 'v', Status.WRONG)])


@pytest.mark.parametrize(
    ('cpuinfo', 'pays'),
    [
        ('flags\t\t: fpu avx2 avx512_vnni\n', True),
        ('flags\t\t: fpu avx2 avx_vnni\n', True),
        ('flags\t\t: fpu avx2\n', False),
        ('Features\t: fp asimd asimddp i8mm\n', False),
        ('', False),
    ],
)
def test_integers_pay_where_the_cpu_says_so_and_it_was_measured(cpuinfo, pays):
    assert integers_pay(cpu_words(cpuinfo)) is pays
