"""Namespaces of a suite's own, so that nothing it does to mounts and to the network outlives it."""

import os
import shutil
import subprocess
import sys

INSIDE = "SMOLSMB_LAB_WORLD"


def own() -> bool:
    """Goes on in a mount and a network namespace of this process's own; False where that is refused. A test that drops
    packets and is killed would else leave ports behind which nobody is answered on."""
    if os.environ.get(INSIDE):
        return os.environ[INSIDE] == "yes"
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"):
        return False
    asked = ["unshare", "--mount", "--propagation", "private", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    allowed = subprocess.run([*asked, "true"], capture_output=True, check=False).returncode == 0
    os.environ[INSIDE] = "yes" if allowed else "no"
    if allowed:
        sys.stdout.flush()
        os.execvp("unshare", [*asked, sys.executable, *sys.argv])
    return False
