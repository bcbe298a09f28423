"""Builds and runs the project in hello/ as a user would.

Usage: install_test.py installed|subdirectory SOURCE_FOLDER BUILD_FOLDER
  installed      installs the build into a temporary prefix and finds it with find_package(marty)
  subdirectory   takes the sources in with add_subdirectory; same flags as the build, so that ccache has the objects
"""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from running_service import RunningService  # noqa: E402


def run(*command):
    """Runs a command; on failure its output is the test's output."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        sys.exit(f"failed: {' '.join(map(str, command))}\n{result.stdout}")
    return result.stdout


def cached(build, name):
    """The value of a variable of the build's CMake cache."""
    lines = (build / "CMakeCache.txt").read_text().splitlines()
    return next((line.split("=", 1)[1] for line in lines if line.startswith(f"{name}:")), "")


def check_prefix(prefix):
    """The licence is there, and no folder is empty."""
    empty = [str(path) for path in prefix.rglob("*") if path.is_dir() and not any(path.iterdir())]
    if empty:
        sys.exit(f"installed folders that hold nothing: {empty}")
    for name in ("LICENSE", "NOTICE", "THIRD_PARTY.md"):
        if not (prefix / "share/doc/marty" / name).is_file():
            sys.exit(f"{name} was not installed")


def main():
    how, source, build = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        options = [f"-D{name}={cached(build, name)}" for name in ("CMAKE_BUILD_TYPE", "CMAKE_CXX_FLAGS_DEBUG")]
        options += ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache", "-G", "Ninja"]
        if how == "installed":
            run("cmake", "--install", build, "--prefix", folder / "prefix")
            check_prefix(folder / "prefix")
            options += [f"-DCMAKE_PREFIX_PATH={folder / 'prefix'}"]
        else:
            options += [f"-DMARTY_SOURCE={source}", "-DMARTY_WERROR=ON"]
        run("cmake", "-S", source / "tests/install/hello", "-B", folder / "build", *options)
        run("cmake", "--build", folder / "build", "--target", "hello")
        with RunningService(folder / "build/hello", folder) as hello:
            if hello.get("/hello/Ada") != (200, {"message": "Hello, Ada!"}):
                sys.exit(f"hello replied: {hello.get('/hello/Ada')}")
            said = hello.post("/hello.v1.Greeter/Greet", {"name": "Ada"})  # its gRPC method, as Connect has it
            if said != (200, {"message": "Hello, Ada!"}):
                sys.exit(f"hello's gRPC method replied: {said}")


if __name__ == "__main__":
    main()
