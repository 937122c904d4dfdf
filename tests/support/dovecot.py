"""A real Dovecot for one test run: IMAP and POP3 on loopback, mail in a Maildir, users without rights."""

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path

from support.waiting import wait_until

USER, PASSWORD = "bounces@weekly.example.org", "a long password"


def find_dovecot() -> str | None:
    """The program; Debian keeps it off PATH."""
    return shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/sbin")


class Dovecot:
    """`maildir` is the mailbox; `imap` and `pop3` are its ports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.imap, self.pop3 = _free_port(), _free_port()
        self.maildir = folder / "mail"
        is_root = os.getuid() == 0
        owner = pwd.getpwnam("nobody") if is_root else pwd.getpwuid(os.getuid())
        for name in ("new", "cur", "tmp", "run", "state"):
            (folder / name if name in {"run", "state"} else self.maildir / name).mkdir(parents=True, exist_ok=True)
        (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
        (folder / "dovecot.conf").write_text(self._configuration(owner.pw_name, owner.pw_uid, owner.pw_gid, is_root=is_root))
        for path in (folder, *folder.rglob("*")):
            if is_root:
                os.chown(path, owner.pw_uid, owner.pw_gid)
        folder.chmod(0o755)
        self._owner = owner
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        program = find_dovecot()
        assert program
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen([program, "-F", "-c", str(self.folder / "dovecot.conf")], stdout=output, stderr=output)
        wait_until(lambda: self._answers(self.imap) and self._answers(self.pop3), seconds=15, what=self._said)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)

    def put(self, name: str, message: bytes) -> None:
        """Let a mail arrive."""
        path = self.maildir / "new" / name
        path.write_bytes(message)
        if os.getuid() == 0:
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    def files(self, folder: str = "") -> list[str]:
        """Names of the mails in a folder, with the flags that Maildir keeps in them."""
        place = self.maildir / f".{folder}" if folder else self.maildir
        return sorted(path.name for part in ("new", "cur") for path in (place / part).glob("*"))

    def empty(self) -> None:
        for path in self.maildir.rglob("*"):
            if path.is_file() and path.parent.name in {"new", "cur"}:
                path.unlink()

    def _said(self) -> str:
        return (self.folder / "output").read_text(errors="replace")

    @staticmethod
    def _answers(port: int) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
                return bool(connection.recv(10))
        except OSError:
            return False

    def _configuration(self, name: str, uid: int, gid: int, *, is_root: bool) -> str:
        mine = "" if is_root else f"default_login_user = {name}\ndefault_internal_user = {name}\n"
        chroot = "" if is_root else "  chroot =\n"
        return f"""
protocols = imap pop3
listen = 127.0.0.1
base_dir = {self.folder}/run
state_dir = {self.folder}/state
log_path = /dev/stderr
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{self.maildir}
first_valid_uid = 1
first_valid_gid = 1
{mine}
passdb {{
  driver = passwd-file
  args = {self.folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={self.folder}
}}
namespace inbox {{
  inbox = yes
  mailbox Read {{
    auto = create
  }}
}}
service imap-login {{
{chroot}  inet_listener imap {{
    port = {self.imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
{chroot}  inet_listener pop3 {{
    port = {self.pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
"""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
