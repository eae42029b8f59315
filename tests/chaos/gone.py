"""A cloud that can go away and come back. Apart from what a drkit of these tests imports: moto
takes a second of a core.
"""

from __future__ import annotations

from moto.server import ThreadedMotoServer


class GoneAndBack:
    """A way to the cloud of this process, which can be cut; what the cloud holds stays."""

    def __init__(self) -> None:
        self._server = self._start(0)

    def _start(self, port: int) -> ThreadedMotoServer:
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
        server.start()
        return server

    @property
    def url(self) -> str:
        host, port = self._server.get_host_and_port()
        return f"http://{host}:{port}"

    def go(self) -> None:
        listening = self._server._server
        self._server.stop()
        if listening is not None:
            listening.server_close()  # else what still knocks waits for an answer

    def come_back(self) -> None:
        self._server = self._start(self._server.get_host_and_port()[1])
