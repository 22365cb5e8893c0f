"""A real sshd on a host of the lab, and an ``ssh`` that trusts it and is trusted by it, whoever runs the tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.debian_tree import debian_tree
from tests.support.native_adbd import SECONDS, wait_for
from tests.support.native_userland import run

__all__ = ["SshServer"]

#: Its arguments: the unpacked packages, an empty folder, the server's settings.
_INIT = r"""
set -e
tree=$1 root=$2 settings=$3
mount -t tmpfs -o mode=0755 host "$root"
cd "$root"
mkdir -p usr proc dev etc run/sshd root tmp
mount --bind "$tree/usr" usr
for name in bin sbin lib lib64; do ln -s "usr/$name" "$name"; done
mkdir tools
ln -s /usr/bin/toybox tools/cat
printf 'root:x:0:0::/root:/usr/bin/mksh\nsshd:x:100:65534::/run/sshd:/usr/bin/false\n' >etc/passwd
printf 'root:x:0:\n' >etc/group
cp -r "$settings" etc/ssh
mount -t proc proc proc
for node in null zero random urandom; do : >"dev/$node"; mount --bind "/dev/$node" "dev/$node"; done
exec chroot "$root" /usr/sbin/sshd -D -e -f /etc/ssh/sshd_config
"""
_SETTINGS = """ListenAddress {address}
HostKey /etc/ssh/host_key
AuthorizedKeysFile /etc/ssh/user_key.pub
PermitRootLogin prohibit-password
SetEnv PATH=/tools
StrictModes no
UsePAM no
"""
_CLIENT = """Host *
  HostName {address}
  User root
  IdentityFile {folder}/user_key
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
  GlobalKnownHostsFile none
"""


class SshServer:
    """sshd in a network namespace. ``path`` is what PATH has to begin with for the ``ssh`` that may use it."""

    def __init__(self, folder: Path, namespace: str, address: str) -> None:
        if not (ssh := shutil.which("ssh")):
            pytest.skip("ssh is not installed")
        tree = debian_tree("sshd-1", "openssh-server", "mksh", "toybox")
        settings, self.path = folder / "settings", folder / "bin"
        for made in (settings, self.path, folder / "root"):
            made.mkdir(parents=True)
        for name in ("host_key", "user_key"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(settings / name))
        (settings / "user_key").rename(folder / "user_key")
        (settings / "sshd_config").write_text(_SETTINGS.format(address=address))
        (folder / "known_hosts").write_text(f"{address} {(settings / 'host_key.pub').read_text()}")
        (folder / "ssh_config").write_text(_CLIENT.format(address=address, folder=folder))
        (self.path / "ssh").write_text(f'#!/bin/sh\nexec {ssh} -F {folder}/ssh_config "$@"\n')
        (self.path / "ssh").chmod(0o755)
        self._log = folder / "sshd.log"
        argv = ["setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", namespace]
        argv += ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _INIT, "init"]
        argv += [str(tree), str(folder / "root"), str(settings)]
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

        def listens() -> bool:
            assert self._process.poll() is None, self.said
            return "Server listening" in self.said

        wait_for(listens, SECONDS, "sshd listens")

    @property
    def said(self) -> str:
        return self._log.read_text()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
