"""The programs of the demo, all on loopback, and the folder in which they write."""

import ctypes
import fcntl
import json
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error

from people import HTTP
from steps import Failed, expect, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
BOT = "@wechatbot:localhost"
PASSWORD = "demo"
# Synapse, the simulator, the bridge; where one is taken, any free port serves.
PORTS = (18008, 18009, 18010)
PHONES = ("--phone", "Mum", "--phone", "Dad")
STOP_SECONDS = 15


class Programs:
    """Synapse, the simulator and the bridge; they end when the stack does."""

    def __init__(self, stack, folder, more_config=""):
        self.stack, self.folder, self.running = stack, folder, {}
        self.more_config = more_config
        self.ports = [free_port(wanted) for wanted in PORTS]
        self.synapse, self.simulator, self.bridge = (f"http://127.0.0.1:{port}" for port in self.ports)
        self.binaries = target_folder() / "debug"

    def start_synapse_and_simulator(self):
        self.write_config()
        registration = self.folder / "registration.yaml"
        registration.write_bytes(self.bridge_command("registration"))
        self.start("simulator", self.binaries / "ilink-simulator", "--listen", f"127.0.0.1:{self.ports[1]}", *PHONES)
        self.start("synapse", *SYNAPSE, "run", self.folder / "synapse", self.ports[0], registration)
        self.wait_until_reached(f"{self.simulator}/")
        self.wait_until_reached(f"{self.synapse}/health")

    def ensure_user(self, name):
        result = subprocess.run([*SYNAPSE, "user", self.synapse, name, PASSWORD], capture_output=True)
        expect(result.returncode == 0, f"no account was made for {name}: {result.stderr.decode()}")
        return json.loads(result.stdout)

    def start_bridge(self):
        self.start("bridge", self.binaries / "matrix-appservice-wechat", "run", "--config", self.folder / "config.toml")
        self.wait_until_reached(f"{self.bridge}/")

    def wait(self):
        """Returns never: Ctrl-C ends it, or a program that ends by itself."""
        while True:
            self.expect_all_running()
            time.sleep(0.5)

    def write_config(self):
        config = CONFIG.format(
            synapse=self.synapse, simulator=self.simulator, simulator_port=self.ports[1], bridge=self.bridge,
            bridge_port=self.ports[2], as_token=secrets.token_hex(32), hs_token=secrets.token_hex(32),
        )
        path = self.folder / "config.toml"
        path.touch(mode=0o600)
        path.write_text(config + self.more_config)

    def bridge_command(self, name):
        command = [self.binaries / "matrix-appservice-wechat", name, "--config", self.folder / "config.toml"]
        result = subprocess.run(command, capture_output=True)
        expect(result.returncode == 0, f"`matrix-appservice-wechat {name}` failed: {result.stderr.decode()}")
        return result.stdout

    def start(self, name, *command):
        log = self.stack.enter_context((self.folder / f"{name}.log").open("wb"))
        # A session of its own, so that Ctrl-C reaches the demo alone, which then stops all in order.
        process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=log, stderr=log,
            start_new_session=True, preexec_fn=end_with_parent,
        )
        self.running[name] = process
        self.stack.callback(stop, process)

    def wait_until_reached(self, url):
        def look():
            self.expect_all_running()
            try:
                HTTP.open(url, timeout=2).close()
            except urllib.error.HTTPError:
                pass
            except OSError:
                return False
            return True

        wait_for(look, f"nothing answered on {url}")

    def expect_all_running(self):
        for name, process in self.running.items():
            code = process.poll()
            expect(code is None, f"{name} ended by itself with exit code {code}, see {self.folder / name}.log")


def claim_folder(stack):
    """`.local/demo`, emptied; a folder of its own while another demo runs in that one."""
    lock = stack.enter_context((LOCAL / "demo.lock").open("w"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return pathlib.Path(tempfile.mkdtemp(prefix="demo-", dir=LOCAL))
    folder = LOCAL / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


def free_port(wanted):
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return probe.getsockname()[1]
            except OSError:
                continue
    raise Failed("no port on 127.0.0.1 is free")


def target_folder():
    """Where cargo puts programs, which the environment or a configuration may have moved."""
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    answer = subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout
    return pathlib.Path(json.loads(answer)["target_directory"])


def end_with_parent():
    """Where Linux allows it, no program outlives a demo that was killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def stop(process):
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


CONFIG = """\
[homeserver]
url = "{synapse}"
server_name = "localhost"

[appservice]
listen = "127.0.0.1:{bridge_port}"
url = "{bridge}"
as_token = "{as_token}"
hs_token = "{hs_token}"

[bridge]
public_url = "{bridge}"

[bridge.permissions]
"localhost" = "user"

[ilink]
api_base = "{simulator}"
cdn_base = "{simulator}/c2c"
plain_http = ["127.0.0.1:{simulator_port}"]

[store]
path = "data"
"""
SYNAPSE = (sys.executable, ROOT / "scripts/synapse")
