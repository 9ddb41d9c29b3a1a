"""Slow clients: real sockets against a real gunicorn."""

import contextlib
import http.client
import socket
import ssl
import subprocess
import sys
import time

import pytest

from fleet.enrol.authority import Authority, private_pem, public_pem

THREADS = 2
SERVER = f"""
import socket, sys
from gunicorn.app.base import BaseApplication
from fleet import patience
patience.READ_S = 1.0

def app(environ, start_response):
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

class Server(BaseApplication):
    def load_config(self):
        options = dict(bind=f"fd://{{sys.argv[1]}}", worker_class=patience.PatientWorker, threads={THREADS},
                       control_socket_disable=True, loglevel="critical")
        if len(sys.argv) > 2:
            options |= dict(certfile=sys.argv[2], keyfile=sys.argv[3])
        for name, value in options.items():
            self.cfg.set(name, value)
    def load(self):
        return app

Server().run()
"""


@pytest.fixture(params=["plain", "tls"])
def server(request, tmp_path):
    """Address and TLS context (or None) of a server with THREADS threads."""
    files, context = [], None
    if request.param == "tls":
        authority = Authority.create("Test authority", int(time.time()))
        key, certificate = authority.issue_service("web", ["127.0.0.1"], serves=True, now=int(time.time()))
        for name, data in (("web.pem", public_pem(certificate)), ("web.key", private_pem(key))):
            (tmp_path / name).write_bytes(data)
            files.append(str(tmp_path / name))
        context = ssl.create_default_context(cadata=public_pem(authority.certificate).decode())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-c", SERVER, str(listener.fileno()), *files]
        child = subprocess.Popen(command, pass_fds=[listener.fileno()])
        try:
            yield listener.getsockname(), context
        finally:
            child.terminate()
            child.wait(30)


def ask(address, context) -> bytes:
    kind = http.client.HTTPConnection if context is None else http.client.HTTPSConnection
    more = {} if context is None else {"context": context}
    with contextlib.closing(kind(*address, timeout=30, **more)) as line:
        line.request("GET", "/")
        return line.getresponse().read()


@pytest.mark.parametrize(
    "said", [b"\x16", b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx"]
)
def test_silent_clients_do_not_hold_every_thread(server, said):
    address, context = server
    assert ask(address, context) == b"ok"
    with contextlib.ExitStack() as stack:
        for _ in range(THREADS):
            slow = stack.enter_context(socket.create_connection(address, timeout=30))
            if context is not None and said != b"\x16":
                slow = stack.enter_context(context.wrap_socket(slow, server_hostname=address[0]))
            slow.sendall(said)
        assert ask(address, context) == b"ok"
