"""Starts an nginx of our own with the configuration that docs/feeds-nginx.conf gives."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONFIGURATION = Path(__file__).parents[2] / "docs" / "feeds-nginx.conf"
BROTLI = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")
MAIN = """
{modules}
{user}
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
{server}
}}
"""


def find() -> str | None:
    """The program, or None."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


@contextmanager
def serving(folder: Path, feeds: Path, *, port: int, upstream_port: int, more: str = "") -> Iterator[subprocess.Popen]:
    """Nginx in front of a Syndication at `upstream_port`; it answers from the first moment on. `feeds` must be called "feeds"."""
    assert feeds.name == "feeds"
    server = CONFIGURATION.read_text()
    for old, new in (
        ("listen 127.0.0.1:8080;", f"listen 127.0.0.1:{port};"),
        ("server 127.0.0.1:8000;", f"server 127.0.0.1:{upstream_port};"),
        ("root /srv/syndication;", f"root {feeds.parent};"),
        ("#brotli_static on;", "brotli_static on;" if BROTLI.exists() else "#"),
    ):
        assert old in server
        server = server.replace(old, new)
    modules = f"load_module {BROTLI};" if BROTLI.exists() else ""
    user = "user root;" if os.getuid() == 0 else ""  # else it could not look into a temporary folder of root's
    path = folder / "nginx.conf"
    path.write_text(MAIN.format(modules=modules, user=user, folder=folder, server=server + more))
    process = subprocess.Popen([find() or "nginx", "-p", str(folder), "-c", str(path), "-e", str(folder / "error.log")])
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)
