"""Runs mitmproxy's tools as the owner of its folder, or of the CA in it, as the official image's entry point does."""

import os
import sys
from pathlib import Path

HOME = Path("/home/mitmproxy")
FOLDER = HOME / ".mitmproxy"
AUTHORITY = FOLDER / "mitmproxy-ca.pem"
TOOLS = ("mitmdump", "mitmproxy", "mitmweb")

command = sys.argv[1:]
if command[0] in TOOLS:
    owner = (AUTHORITY if AUTHORITY.is_file() else FOLDER).stat()
    os.setgroups([])
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)
    os.environ["HOME"] = str(HOME)
os.execvp(command[0], command)
