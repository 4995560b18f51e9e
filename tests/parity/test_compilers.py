"""The board's C under the compilers and for the processors that people have: without a warning, and as C++ too."""

import re
import shutil
import subprocess

import pytest

from commands import ROOT
from pulse8.board.codegen.board_spec import board_spec
from pulse8.board.codegen.face import FACE_NAME, face_data
from pulse8.board.codegen.lower import lower
from pulse8.board.codegen.render import planned, render
from pulse8.board.options import BoardOptions
from pulse8.board.package import TRUNK_FILE
from pulse8.measure.infer.integer import load_program
from pulse8.spec import ModelSpec

GOLDEN = ROOT / "tests" / "golden" / "firmware"
PULSE12_FILE = ROOT / "src" / "pulse8" / "measure" / "infer" / "weights" / "pulse12_int8.onnx"
STRICT = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-ffp-contract=off", "-fno-math-errno"]
FOLDERS = ("core", "measure", "kernels", "generated")
ARM = "arm-none-eabi-gcc -O3 -mthumb -std=c11"
COMPILERS = {
    "gcc": "gcc -O2 -std=c11",
    "clang": "clang -O2 -std=c11",
    "clang for C++": "clang++ -x c++ -O2 -std=c++20 -Wno-deprecated",
    "Cortex-M0+": f"{ARM} -mcpu=cortex-m0plus -mfloat-abi=soft",
    "Cortex-M4": f"{ARM} -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard",
    "Cortex-M7": f"{ARM} -mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard",
    "Cortex-M33": f"{ARM} -mcpu=cortex-m33 -mfpu=fpv5-sp-d16 -mfloat-abi=hard",
    "Cortex-M55": f"{ARM} -mcpu=cortex-m55 -mfloat-abi=hard",
    "RISC-V": "riscv64-unknown-elf-gcc -O3 -std=c11 -march=rv32imac -mabi=ilp32 --specs=picolibc.specs",
}
PACKAGES = {
    "gcc": "gcc",
    "clang": "clang",
    "clang++": "clang",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    "cmake": "cmake",
}


def tool(name):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name}: apt-get install {PACKAGES[name]}")
    return found


def camera_files():
    """The generated files of the shipped network with the face in front of it."""
    program, trunk = load_program(PULSE12_FILE), load_program(TRUNK_FILE)
    nets = planned([lower(program, "pulse12"), lower(trunk, FACE_NAME)])
    board = board_spec(ModelSpec.of_metadata(program.metadata), nets[0].net, BoardOptions())
    return render(nets, board, "pulse12", "ab" * 32, face_data(trunk, 1))


@pytest.fixture(scope="module", params=["a wave's program", "one window", "networks alone", "a camera"])
def folder(request, tmp_path_factory):
    """A board folder: of a network that gives a wave, with one window to join, without a measure line, with a face."""
    folder = tmp_path_factory.mktemp("board") / "board"
    alone = request.param == "networks alone"
    shutil.copytree(ROOT / "firmware", folder, ignore=shutil.ignore_patterns("build", "measure" if alone else "build"))
    (folder / "generated").mkdir()
    if request.param == "a camera":
        for name, text in camera_files().items():
            (folder / "generated" / name).write_text(text, encoding="utf-8")
        return folder
    for name in ("model.c", "model.h", "spec.h"):
        text = (GOLDEN / f"{'networks' if alone else 'monitored'}_p8_{name}").read_text(encoding="utf-8")
        if request.param == "one window":
            text = re.sub(r"(P8_JOIN_WINDOWS) \d+", r"\1 1", text)
        (folder / "generated" / f"p8_{name}").write_text(text, encoding="utf-8")
    return folder


def included(folder):
    return [f"-I{folder / name}" for name in FOLDERS]


@pytest.mark.parametrize("compiler", COMPILERS)
def test_every_source_compiles_without_a_warning(folder, compiler):
    words = COMPILERS[compiler].split()
    tool(words[0])
    sources = sorted(source for name in FOLDERS for source in (folder / name).glob("*.c"))
    assert len(sources) > 7
    done = subprocess.run(
        [*words, *STRICT, *included(folder), "-c", *map(str, sources)],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_a_program_in_cpp_links_the_library_by_cmake(folder, tmp_path, compiler):
    cmake = tool("cmake")
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}: apt-get install {compiler}")
    (tmp_path / "main.cpp").write_text(
        '#include "p8_model.h"\nalignas(P8_ALIGN) static int8_t arena[P8_ARENA_BYTES];\n'
        "int main() { return p8_net_run(&p8_nets[0], arena, sizeof arena, nullptr, nullptr); }\n"
    )
    (tmp_path / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.20)\nproject(app C CXX)\nadd_subdirectory({folder} board)\n"
        "add_executable(app main.cpp)\ntarget_link_libraries(app PRIVATE pulse8::pulse8 m)\n"
    )
    build = tmp_path / "build"
    for call in ([cmake, "-S", tmp_path, "-B", build, f"-DCMAKE_CXX_COMPILER={compiler}"], [cmake, "--build", build]):
        subprocess.run(call, check=True, capture_output=True)
    assert subprocess.run([build / "app"], check=False).returncode == 0


def test_zephyr_gets_the_sources_where_it_is_told_to(folder, tmp_path):
    """CMake with the four calls of Zephyr's build system that the module makes, each as a line of output."""
    cmake = tool("cmake")
    calls = (
        "zephyr_library_named",
        "zephyr_library_sources",
        "zephyr_library_compile_options",
        "zephyr_include_directories",
    )
    functions = "".join(f'function({call})\nmessage(STATUS "{call} ${{ARGN}}")\nendfunction()\n' for call in calls)
    (tmp_path / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.20)\nproject(app C)\nset(ZEPHYR_BASE here)\n{functions}"
        f"add_subdirectory({folder} module)\nmessage(STATUS off)\n"
        f"set(CONFIG_PULSE8 y)\nadd_subdirectory({folder} again)\n"
    )
    done = subprocess.run([cmake, "-S", tmp_path, "-B", tmp_path / "build"], check=True, capture_output=True, text=True)
    before, after = done.stdout.split("-- off")
    assert "zephyr_" not in before
    assert all(call in after for call in calls)
    assert "kernels/p8_conv.c" in after
    assert "-ffp-contract=off" in after
    module = (folder / "zephyr" / "module.yml").read_text(encoding="utf-8")
    assert "cmake: ." in module
    assert (folder / "zephyr" / "Kconfig").is_file()


def test_the_port_sends_whole_answers_and_says_what_was_not_taken(folder, tmp_path):
    gcc = tool("gcc")
    sources = [str(source) for name in FOLDERS for source in (folder / name).glob("*.c")]
    flags = ["-std=c11", *STRICT, "-Wno-conversion", "-fsanitize=address,undefined", f"-I{ROOT / 'tests/firmware/hal'}"]
    program = tmp_path / "port"
    call = [
        gcc,
        *flags,
        *included(folder),
        f"-I{ROOT / 'firmware/stm32n6'}",
        str(ROOT / "tests/firmware/port.c"),
        *sources,
    ]
    subprocess.run([*call, "-lm", "-o", str(program)], check=True)
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "port: good\n")
