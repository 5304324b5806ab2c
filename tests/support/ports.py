"""Free ports of this machine, for shops and servers that tests start."""

import socket

_claims: list[socket.socket] = []  # kept open: they belong to this process until it ends


def claim_ports(first: int = 18100, last: int = 18900) -> int:
    """Claim four neighbouring free ports for this process. Returns the first.

    Concurrent test runs get different ones: each claim holds a fifth port open.

    Raises: RuntimeError when there are none between `first` and `last`.
    """
    for port in range(first, last, 10):
        if _claim(port + 9) and all(is_free(port + offset) for offset in range(4)):
            return port
    raise RuntimeError(f"no four neighbouring ports are free between {first} and {last}")


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether nobody listens on the port."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


def _claim(port: int) -> bool:
    server = socket.socket()
    try:
        server.bind(("127.0.0.1", port))
    except OSError:
        server.close()
        return False
    _claims.append(server)
    return True
