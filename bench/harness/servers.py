"""The servers of the comparison: how each is built, started and what it answers.

Every server gets one core, and one worker or thread where it can be told so. Each takes its port as an argument,
answers GET /plaintext with "Hello, World!" and, where `orders` is set, POST /orders with the validated order that it
was sent.
"""

import dataclasses
import pathlib
import shutil
import subprocess
from typing import Callable

BENCH = pathlib.Path(__file__).resolve().parent.parent
ROOT = BENCH.parent
ORDER_FILE = BENCH / "order.json"


class Missing(Exception):
    """A server that this machine cannot have; the message says why."""


@dataclasses.dataclass(frozen=True)
class Server:
    name: str  # on the command line
    label: str  # in the table
    command: Callable  # (port, scratch folder) -> arguments; throws Missing
    orders: bool = True  # serves POST /orders
    validates: bool = True  # refuses an invalid order
    environment: dict = dataclasses.field(default_factory=dict)


def built(binaries, name):
    program = binaries / name
    if not program.exists():
        raise Missing(f"{name} was not built (scripts/build bench says why)")
    return program


def tool(name):
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not found:
        raise Missing(f"{name} is not installed")
    return found


def run_or_missing(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        last = "; ".join((done.stderr or done.stdout).strip().splitlines()[-2:])
        raise Missing(f"{' '.join(map(str, command[:3]))} failed: {last}")


def nginx(port, scratch):
    configuration = scratch / "nginx.conf"
    text = (BENCH / "peers/nginx/nginx.conf").read_text()
    configuration.write_text(text.replace("FOLDER", str(scratch)).replace("PORT", str(port)))
    return [tool("nginx"), "-p", scratch, "-c", configuration, "-e", scratch / "error.log"]


def gin(binaries, port):
    """Built from Debian's sources of gin, without modules and without the network."""
    go = tool("go")
    sources = pathlib.Path("/usr/share/gocode")
    if not (sources / "src/github.com/gin-gonic/gin").exists():
        raise Missing("golang-github-gin-gonic-gin-dev is not installed")
    program = binaries / "peers/gin"
    if not program.exists() or program.stat().st_mtime < (BENCH / "peers/gin/main.go").stat().st_mtime:
        program.parent.mkdir(parents=True, exist_ok=True)
        environment = {
            "PATH": "/usr/bin:/bin",
            "GO111MODULE": "off",
            "GOPATH": str(sources),
            "GOTOOLCHAIN": "local",
            "GOCACHE": str(program.parent / "gin-cache"),
            "CGO_ENABLED": "0",
        }
        run_or_missing([go, "build", "-o", program, BENCH / "peers/gin/main.go"], env=environment)
    return [program, port]


def fastify(binaries, port):
    """Installed from the lock file into the build folder."""
    node, npm = tool("node"), tool("npm")
    source, folder = BENCH / "peers/fastify", binaries / "peers/fastify"
    installed = folder / "node_modules/.package-lock.json"
    lock = source / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(source / name, folder / name)
        run_or_missing([npm, "ci", "--loglevel=error"], cwd=folder)
        installed.touch()
    shutil.copy(source / "server.js", folder / "server.js")
    return [node, folder / "server.js", port]


def fastapi(port):
    python = "/usr/bin/python3"  # the one that Debian's packages are for
    run_or_missing([python, "-c", "import fastapi, uvicorn, uvloop, httptools"])
    return [
        python,
        "-m",
        "uvicorn",
        "app:app",
        "--app-dir",
        BENCH / "peers/fastapi",
        "--host",
        "127.0.0.1",
        "--port",
        port,
        "--workers",
        1,
        "--loop",
        "uvloop",
        "--http",
        "httptools",
        "--no-access-log",
        "--log-level",
        "warning",
        "--timeout-keep-alive",
        600,
    ]


def all_servers(binaries):
    """In the order of the table; the floor is first."""

    def program(name, *extra):
        return lambda port, scratch: [built(binaries, name), port, *extra]

    return [
        Server("floor", "bare epoll, fixed reply (the floor)", program("bench_floor", ORDER_FILE), validates=False),
        Server("marty", "**Marty**", program("bench_marty")),
        Server("marty-quiet", "**Marty**, telemetry off", program("bench_marty", "--telemetry=off")),
        Server("nginx", "nginx, fixed return", nginx, orders=False),
        Server("pistache", "Pistache + nlohmann", program("bench_pistache")),
        Server("httplib", "cpp-httplib + nlohmann", program("bench_httplib")),
        Server("gin", "gin (Go)", lambda port, scratch: gin(binaries, port), environment={"GOMAXPROCS": "1"}),
        Server("fastify", "fastify (Node.js)", lambda port, scratch: fastify(binaries, port)),
        Server("fastapi", "FastAPI on uvicorn", lambda port, scratch: fastapi(port)),
    ]
