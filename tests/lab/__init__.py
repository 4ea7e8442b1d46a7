"""The laboratory the suites share: starts a server (ours, or Samba's to check the suites themselves) on
127.0.0.1 with the shares and users a suite asks for, looks at its processes, and ends only what it started."""

from .servers import ROOT, Samba, Share, Smolsmb, User, free_port, start, tool  # noqa: F401
from .nthash import nt_hash  # noqa: F401
