"""An emulated MIPS router: Debian's kernel for the Malta board, busybox, a disk, and whatever is put beside them.

Nothing is installed but QEMU (if it is missing and we are root); kernel and busybox are downloaded by apt, from
where this machine's apt downloads, and unpacked into the folder that is named.
"""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import stat
import subprocess
import threading
import time

# Disk and network are put where each has an interrupt of its own: the board loses some that two share.
BOARD = ["-M", "malta", "-cpu", "24Kf", "-accel", "tcg", "-nodefaults", "-display", "none", "-no-reboot"]
# All of it runs on one processor of ours: QEMU changes the guest's Cause register from two threads, from one of them
# without a lock. When the guest reads its clock just as the timer runs out, and the other thread raises an interrupt in
# the same nanoseconds, the timer's mark is lost: the guest takes an interrupt that nobody knows, over and over, until its
# counter has gone round (27 s), and the kernel complains ("irq 23: nobody cared"). On one processor the two do not meet.
PIN = ["taskset", "-c", str(max(os.sched_getaffinity(0)))]
# What the kernel has as modules and this machine needs, with all that they depend on.
MODULES = ("virtio_pci", "virtio_net", "virtio_blk", "dummy", "ext4", "crc32c_generic", "loop", "vfat", "exfat",
           "nls_cp437", "nls_iso8859_1", "nls_utf8")


class Missing(Exception):
    """Something the proof needs cannot be had here."""


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", **options)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout)
    return done.stdout


def last_line(error):
    return (error.output or "").strip().rpartition("\n")[2] or str(error)


def install_qemu():
    if shutil.which("qemu-system-mipsel"):
        return
    if not shutil.which("apt-get"):
        raise Missing("qemu-system-mipsel is missing, and so is apt-get")
    if os.geteuid():
        raise Missing("not root: please install it with: sudo apt-get install qemu-system-mips")
    print("installing qemu-system-mips", flush=True)
    apt = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for refresh in (False, True):
        try:
            if refresh:
                run(*apt, "update", env=environment)
            run(*apt, "install", "--no-install-recommends", "qemu-system-mips", env=environment)
            return
        except (OSError, subprocess.CalledProcessError) as error:
            problem = error
    raise Missing(f"qemu-system-mips cannot be installed: {last_line(problem)}")


def fetch(work):
    """Debian's kernel for Malta and its static busybox in `work`/root; fetched once.

    apt is given lists and caches of its own, so that this machine learns of no foreign architecture.
    """
    root = work / "root"
    if (root / "complete").exists():
        return root
    if not shutil.which("apt-get"):
        raise Missing("the kernel comes by apt-get, and there is none")
    shutil.rmtree(work / "apt", ignore_errors=True)
    shutil.rmtree(root, ignore_errors=True)
    for folder in ("state/lists/partial", "cache/archives/partial", "debs"):
        (work / "apt" / folder).mkdir(parents=True)
    (work / "apt/status").touch()
    ours = []
    for option in ("APT::Architecture=mipsel", "APT::Architectures::=mipsel", f"Dir::State={work}/apt/state",
                   f"Dir::State::status={work}/apt/status", f"Dir::Cache={work}/apt/cache", "APT::Sandbox::User=root",
                   "Acquire::Languages=none", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false", "Acquire::Retries=3"):
        ours += ["-o", option]
    try:
        try:
            run("apt-get", *ours, "-q", "update")
        except subprocess.CalledProcessError:
            pass  # a source that knows no mipsel: what counts is whether the packages are found
        image = re.search(r"Depends: (linux-image-\d\S*)", run("apt-cache", *ours, "depends", "linux-image-4kc-malta"))
        if not image:
            raise Missing("linux-image-4kc-malta stands for no kernel")
        run("apt-get", *ours, "-q", "download", image[1], "busybox-static", cwd=work / "apt/debs")
        for package in sorted((work / "apt/debs").glob("*.deb")):
            run("dpkg-deb", "-x", package, root)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(f"linux-image-4kc-malta and busybox-static for mipsel cannot be downloaded: {last_line(error)}") from None
    shutil.rmtree(work / "apt")
    (root / "complete").touch()
    return root


def modules(root):
    """Paths of the modules, each after what it depends on."""
    folder = next((root / "lib/modules").iterdir())
    files = {path.name[:-3].replace("-", "_"): path for path in folder.rglob("*.ko")}
    order = []

    def add(name):
        path = files.get(name)
        if path is None or path in order:
            return  # built in
        found = re.search(rb"\0depends=([^\0]*)\0", path.read_bytes())
        for needed in filter(None, found[1].decode().split(",") if found else ()):
            add(needed.replace("-", "_"))
        order.append(path)

    for name in MODULES:
        add(name)
    return order


def cpio(tree):
    """`tree` as the kernel takes it for its first file system; everything belongs to root."""
    parts = []
    paths = sorted(tree.rglob("*"))

    def entry(number, name, mode, data):
        head = "070701" + "".join(f"{field:08x}" for field in (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0))
        head = head.encode() + name + b"\0"
        parts.append(head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4))

    for number, path in enumerate(paths, 1):
        mode = path.lstat().st_mode
        data = b""
        if stat.S_ISLNK(mode):
            data = os.readlink(path).encode()
        elif stat.S_ISREG(mode):
            data = path.read_bytes()
        entry(number, str(path.relative_to(tree)).encode(), mode, data)
    entry(0, b"TRAILER!!!", 0, b"")
    return b"".join(parts)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Router:
    """The running machine. Its second serial port takes one shell command a line and says what came of it."""

    def __init__(self, work, root, tree, disk, memory, forward):
        """`tree` becomes the root file system, `disk` the disk; `forward`: its ports to reach from here."""
        self.log = work / "console.log"
        (work / "initramfs").write_bytes(cpio(tree))
        control = work / "control"
        control.unlink(missing_ok=True)
        self.ports = {port: free_port() for port in forward}
        net = "".join(f",hostfwd=tcp:127.0.0.1:{here}-10.0.2.15:{there}" for there, here in self.ports.items())
        self.qemu_log = work / "qemu.log"
        with open(self.qemu_log, "wb") as log:
            self.process = subprocess.Popen(
                [*PIN, "qemu-system-mipsel", *BOARD, "-m", str(memory), "-kernel", str(next((root / "boot").glob("vmlinuz-*"))),
                 "-initrd", str(work / "initramfs"), "-append", "console=ttyS0 quiet panic=-1 rdinit=/init",
                 "-serial", f"file:{self.log}", "-serial", f"unix:{control},server=on,wait=off",
                 "-drive", f"file={disk},if=none,id=disk,format=raw,cache=unsafe,discard=unmap", "-device", "virtio-blk-pci,drive=disk,addr=0x13",
                 "-netdev", f"user,id=net{net}", "-device", "virtio-net-pci,netdev=net,romfile=,addr=0x14"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        self.line = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.line.connect(str(control))
                break
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError("QEMU did not start: " + self.qemu_log.read_text(errors="replace")) from None
                time.sleep(0.02)
        self.read = b""
        self.turn = threading.Lock()

    def alive(self):
        return self.process.poll() is None

    def _until(self, end, timeout):
        deadline = time.monotonic() + timeout
        while True:
            found = re.search(end, self.read)
            if found:
                said, self.read = self.read[: found.start()], self.read[found.end() :]
                return said, found
            self.line.settimeout(max(deadline - time.monotonic(), 0.01))
            try:
                more = self.line.recv(65536)
            except TimeoutError:
                raise RuntimeError(f"the router did not answer within {timeout} s; its console:\n{self.console()}") from None
            if not more:
                raise RuntimeError(f"the router is gone; its console:\n{self.console()}")
            self.read += more

    def ready(self, timeout=120):
        """Waits until it takes commands."""
        self._until(rb"\x04ready\n", timeout)

    def status(self, command, timeout=60):
        """(exit status, output) of a shell command in the router."""
        with self.turn:
            self.line.sendall(command.encode() + b"\n")
            said, found = self._until(rb"\x04(\d+)\n", timeout)
        return int(found[1]), said.decode(errors="replace").replace("\r", "").strip("\n")

    def __call__(self, command, timeout=60):
        """The output of a shell command, which must succeed."""
        status, said = self.status(command, timeout)
        if status:
            raise AssertionError(f"in the router: {command}\n{said}\nexit status {status}")
        return said

    def state(self):
        """What to look at when something went wrong."""
        with contextlib.suppress(RuntimeError, OSError):
            return self.status("free; ps | grep -v '\\['; cat /proc/net/tcp; dmesg | tail -n 5; tail -n 20 /tmp/log/*", timeout=20)[1]
        return "the router does not answer; its console:\n" + self.console()

    def console(self, lines=25):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def end(self):
        if self.alive():
            self.process.kill()
        self.process.wait()
        self.line.close()
