"""Opens the connection to a host, address after address, and hears of a stop meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from errno import EINPROGRESS, EWOULDBLOCK
from socket import SO_ERROR, SOL_SOCKET, gaierror, socket
from typing import Any

from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family
from urllib3.util.wait import wait_for_write

from avesa.connector.name_lookup import addresses
from avesa.connector.patience import Patience, Watch


def open_socket(of: HTTPConnection, host: str, watch: Watch) -> socket:
    """Raises what urllib3 does where there is no connection, TooSlow where its name is looked up for too long, and
    Stopped as soon as asked to stop.
    """
    try:
        return _first_open(host.strip("[]"), of, watch)
    except UnicodeError:
        raise LocationParseError(host) from None
    except gaierror as error:
        raise NameResolutionError(host, of, error) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(of, "no connection in time") from error
    except OSError as error:
        raise NewConnectionError(of, "no connection") from error


def _first_open(host: str, of: HTTPConnection, watch: Watch) -> socket:
    host.encode("idna")
    patience, failed = watch.patience, OSError("a name without an address")
    until = time.monotonic() + patience.silence
    for family, kind, protocol, _, address in addresses(host, of.port, allowed_gai_family(), watch):
        if time.monotonic() >= until:
            break
        sock = socket(family, kind, protocol)
        try:
            for option in of.socket_options or ():
                sock.setsockopt(*option)
            _connect(sock, address, patience, watch.stopping)
        except OSError as error:
            sock.close()
            failed = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failed


def _connect(sock: socket, address: Any, patience: Patience, stopping: Callable[[], None]) -> None:
    sock.setblocking(False)
    until = time.monotonic() + patience.connect
    code = sock.connect_ex(address)
    if code in (EINPROGRESS, EWOULDBLOCK):
        while not wait_for_write(sock, timeout=patience.look):
            stopping()
            if time.monotonic() >= until:
                raise TimeoutError
        code = sock.getsockopt(SOL_SOCKET, SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))
    sock.settimeout(patience.connect)
