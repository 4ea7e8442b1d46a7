"""What was measured, and on what."""

import os
import pathlib
import platform
import subprocess

from bench import lab


def said(*command):
    """The first line a program prints, or nothing where it cannot be had."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, cwd=lab.ROOT)
    except OSError:
        return ""
    return (done.stdout.splitlines() or [""])[0].strip()


def fields(path):
    pairs = (line.partition(":") for line in pathlib.Path(path).read_text().splitlines())
    return {key.strip(): value.strip() for key, _, value in reversed(list(pairs))}


def describe():
    """{what: what it is}"""
    cpu, ram = fields("/proc/cpuinfo"), fields("/proc/meminfo")
    virtual = said("systemd-detect-virt", "--vm").replace("none", "") or ("a hypervisor" if "hypervisor" in cpu.get("flags", "") else "none")
    model = f", family {cpu['cpu family']} model {cpu['model']}" if "cpu family" in cpu else ""
    system = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    commit = said("git", "describe", "--always", "--dirty", "--exclude=*")
    return {
        "CPU": f"{os.cpu_count()} × {cpu.get('model name', platform.machine())}{model}",
        "virtual machine": "no" if virtual == "none" else virtual,
        "RAM": f"{int(ram['MemTotal'].split()[0]) / (1 << 20):.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "system": system.get("PRETTY_NAME", "?").strip('"'),
        "smolsmb": f"{said(lab.Smolsmb.binary(), '--version').removeprefix('smolsmb ')} (commit {commit})",
        "smbd": said(lab.tool("smbd"), "--version"),
    }
