"""Servers under test: ours, and Samba's smbd with the same shares and users."""

import dataclasses
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time

from . import proc
from .nthash import nt_hash

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass
class User:
    name: str
    password: str


@dataclasses.dataclass
class Share:
    name: str
    path: str
    writers: list[str] = dataclasses.field(default_factory=list)
    readers: list[str] = dataclasses.field(default_factory=list)
    guest: str = "none"
    read_only: bool = False
    browseable: bool = True
    encryption: bool = False
    comment: str = ""


def tool(name: str) -> str:
    """Where a foreign program is, /usr/sbin included."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if not found:
        raise FileNotFoundError(f"{name} is not installed (tests/run installs it)")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A running server. `with Smolsmb(...) as server:` starts and ends it."""

    kind = ""

    def __init__(self, directory, shares, users, options=None, port=None, cpu=None, wrapper=()):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.shares, self.users, self.options = list(shares), list(users), dict(options or {})
        self.port = port or free_port()
        self.cpu = cpu
        self.wrapper = list(wrapper)
        self.process = None
        self.log = self.directory / "server.log"

    @property
    def pid(self) -> int:
        return self.process.pid

    def start(self):
        self.configure()
        pin = ["taskset", "-c", str(self.cpu)] if self.cpu is not None else []
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*pin, *self.wrapper, *self.command()], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 20
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.kind} ended at once with {self.process.returncode}:\n{self.log_tail()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                if time.monotonic() > deadline:
                    self.stop()
                    raise RuntimeError(f"{self.kind} does not listen on port {self.port}:\n{self.log_tail()}") from None
                time.sleep(0.05)

    def stop(self):
        if not self.process or self.process.poll() is not None:
            return
        family = proc.tree(self.process.pid)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in family[1:]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def log_tail(self, lines=30) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def _uci(value) -> str:
    return "'" + str(value).replace("'", "'\\''") + "'"


class Smolsmb(Server):
    """Our server, configured by a UCI file."""

    kind = "smolsmb"

    @staticmethod
    def binary() -> str:
        return os.environ.get("SMOLSMB_BIN") or str(ROOT / "target/release/smolsmb")

    def configure(self):
        lines = ["config server 'server'"]
        for key, value in {"name": "SMOLLAB", "description": "lab server", "discovery": "0", **self.options}.items():
            lines.append(f"\toption {key} {_uci(value)}")
        for user in self.users:
            lines += ["", "config user", f"\toption name {_uci(user.name)}", f"\toption nt_hash '{nt_hash(user.password).hex()}'"]
        for share in self.shares:
            lines += ["", "config share", f"\toption name {_uci(share.name)}", f"\toption path {_uci(share.path)}"]
            lines.append(f"\toption comment {_uci(share.comment)}")
            lines.append(f"\toption guest '{share.guest}'")
            lines.append(f"\toption read_only '{int(share.read_only)}'")
            lines.append(f"\toption browseable '{int(share.browseable)}'")
            lines.append("\toption hide_dot_files '0'")
            if share.encryption:
                lines.append("\toption encryption 'required'")
            lines += [f"\tlist write_user {_uci(name)}" for name in share.writers]
            lines += [f"\tlist read_user {_uci(name)}" for name in share.readers]
        (self.directory / "smolsmb").write_text("\n".join(lines) + "\n", encoding="utf8")

    def command(self):
        return [self.binary(), "serve", "--config", str(self.directory), "--listen", f"127.0.0.1:{self.port}"]

    def reload(self):
        self.configure()
        self.process.send_signal(signal.SIGHUP)

    def check(self) -> str:
        """What `smolsmb check` prints for this configuration."""
        self.configure()
        done = subprocess.run([self.binary(), "check", "--config", str(self.directory)], capture_output=True, text=True, timeout=30)
        return done.stdout + done.stderr


class Samba(Server):
    """Debian's smbd: the peer, and what the suites themselves are checked against."""

    kind = "smbd"

    def configure(self):
        here = self.directory
        for name in ("private", "lock", "state", "cache", "pid", "ncalrpc", "log"):
            (here / name).mkdir(exist_ok=True)
        os.chmod(here / "private", 0o700)
        settings = {
            "workgroup": "WORKGROUP", "netbios name": "SMOLLAB", "server string": "lab server", "server role": "standalone server",
            "interfaces": "127.0.0.1/8", "bind interfaces only": "yes", "smb ports": self.port, "disable netbios": "yes",
            "private dir": here / "private", "passdb backend": f"tdbsam:{here}/private/passdb.tdb",
            "lock directory": here / "lock", "state directory": here / "state", "cache directory": here / "cache",
            "pid directory": here / "pid", "ncalrpc dir": here / "ncalrpc", "log file": here / "log/log.%m", "log level": 0,
            "load printers": "no", "printcap name": "/dev/null", "disable spoolss": "yes", "dns proxy": "no",
            "server min protocol": "SMB2_02", "server max protocol": "SMB3_11", "kernel oplocks": "no",
            "map to guest": "Bad User" if any(s.guest != "none" for s in self.shares) else "never",
            **{key: value for key, value in self.options.items() if " " in key and value is not True},
        }
        lines = ["[global]", *(f"   {key} = {value}" for key, value in settings.items())]
        plain = self.options.get("plain shares")
        for share in self.shares:
            lines += [f"[{share.name}]", f"   path = {share.path}", f"   read only = {'yes' if share.read_only else 'no'}"]
            if plain:
                continue
            everyone = [*share.writers, *share.readers]
            lines += [
                *([] if self.options.get("as users") else ["   force user = root"]), f"   comment = {share.comment}", f"   browseable = {'yes' if share.browseable else 'no'}",
                "   vfs objects = acl_xattr streams_xattr", "   acl_xattr:ignore system acls = yes", "   ea support = yes",
                "   kernel share modes = no", "   posix locking = no", "   store dos attributes = yes", "   map archive = no",
                "   map hidden = no", "   map system = no", "   map readonly = no", "   create mask = 0777", "   directory mask = 0777",
                f"   smb encrypt = {'required' if share.encryption else 'default'}",
            ]
            if share.guest != "none":
                lines.append("   guest ok = yes")
            elif "*" not in everyone:
                lines.append(f"   valid users = {' '.join(everyone)}")
            if not share.read_only and (share.readers or share.guest == "read"):
                lines[-1:] = [lines[-1], "   read list = " + " ".join([*share.readers, *(["nobody"] if share.guest == "read" else [])])]
        (here / "smb.conf").write_text("\n".join(lines) + "\n", encoding="utf8")
        for user in self.users:
            try:
                pwd.getpwnam(user.name)
            except KeyError:
                subprocess.run([tool("useradd"), "-M", "-N", "-s", "/usr/sbin/nologin", user.name], check=True)
            subprocess.run(
                [tool("smbpasswd"), "-c", str(here / "smb.conf"), "-s", "-a", user.name],
                input=f"{user.password}\n{user.password}\n", text=True, check=True, stdout=subprocess.DEVNULL,
            )

    def stop(self):
        super().stop()
        # The RPC helpers leave smbd's family; their configuration says whose they are.
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if f"--configfile={self.directory}/smb.conf".encode() in words:
                    os.kill(int(pid), signal.SIGKILL)
            except OSError:
                continue

    def command(self):
        return [tool("smbd"), "--foreground", "--no-process-group", "-s", str(self.directory / "smb.conf")]

    def reload(self):
        self.configure()
        self.process.send_signal(signal.SIGHUP)


def start(kind: str, *args, **kwargs) -> Server:
    """A started server of the kind named: 'smolsmb' or 'smbd'."""
    return {"smolsmb": Smolsmb, "smbd": Samba}[kind](*args, **kwargs).start()
