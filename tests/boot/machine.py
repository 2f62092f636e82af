"""A system that is booted for a test: a systemd in namespaces of its own, over an overlay in memory. Nothing is changed on
the machine, and nothing but the kernel is shared with it."""

import os
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFIG = "/etc/drumbeat/drumbeat.toml"
ROSTER = "/etc/drumbeat/roster.csv"
STATE = "/var/lib/drumbeat"
UNIT = "drumbeat.service"


class Wrong(Exception):
    """Something is not as it should be."""


class Machine:
    """The booted system."""

    def __init__(self, folder, files):
        namespaces = ["--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child"]
        self.console = open(folder / "console", "w+")
        (folder / "root").mkdir()
        self.outer = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", *namespaces, HERE / "init", folder / "root", files],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=self.console, start_new_session=True,
        )
        self.enter = []

    def boot(self):
        """Waits for systemd; says why it cannot be."""
        children = Path(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children")
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if self.outer.poll() is not None:
                return (Path(self.console.name).read_text().strip().splitlines() or ["it ended"])[-1]
            inner = children.read_text().split()
            if inner and os.readlink(f"/proc/{inner[0]}/exe").endswith("/systemd"):
                self.enter = ["nsenter", "--target", inner[0], "-m", "-p", "-u", "-i", "-n", "-C", "env", "-i",
                              "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]
                if self.do("systemctl is-active --quiet basic.target")[0] == 0:
                    return None
            time.sleep(0.2)
        return "systemd does not come up in 30 s"

    def do(self, command):
        """Runs a line of shell: exit code, and what it printed."""
        ran = subprocess.run([*self.enter, "sh", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, timeout=60)
        return ran.returncode, ran.stdout.strip()

    def sure(self, command):
        """The same for what must work."""
        code, said = self.do(command)
        if code:
            raise Wrong(f"`{command}` ended with {code}: {said}")
        return said

    def unit(self):
        """What systemd knows of the service."""
        shown = self.sure(f"systemctl show {UNIT}")
        return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)

    def until(self, what, is_so, seconds=20):
        """Waits until the service is so."""
        end = time.monotonic() + seconds
        while not is_so(unit := self.unit()):
            if time.monotonic() > end:
                kept = {key: unit[key] for key in ["ActiveState", "SubState", "Result", "NRestarts", "StatusText"]}
                raise Wrong(f"not {what} after {seconds} s: {kept}")
            time.sleep(0.1)
        return unit

    def active(self, seconds=20):
        """Waits until the service says that it is ready."""
        return self.until("active", lambda unit: unit["ActiveState"] == "active", seconds)

    def edit(self, key, value):
        """Sets a key of the configuration."""
        self.sure(f"sed -i 's|^{key} = .*|{key} = {value}|' {CONFIG} && grep -q '^{key} = {value}$' {CONFIG}")

    def log(self):
        """What the journal has of the service."""
        return self.do(f"journalctl -q --no-pager -o cat -u {UNIT}")[1]


def holds(is_so, said):
    if not is_so:
        raise Wrong(said)


def has(text, wanted):
    holds(wanted in text, f"no `{wanted}` in: {text}")
