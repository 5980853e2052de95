"""Who may call our routes inside a WebUI: the users of `--api-auth`, else those of `--gradio-auth`.

No `from __future__ import annotations` here: FastAPI has to see the types of a dependency.
"""

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fastapi import Depends
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request

from lib_bootcamp.core.files.regular import read_regular

MAX_USERS_BYTES = 1 << 20
CHALLENGE = {"WWW-Authenticate": 'Basic realm="WebUI", charset="UTF-8"'}


def auth_dependencies(options: Any) -> list[Any]:
    """FastAPI dependencies that answer 401 to a stranger; none where the WebUI is open.

    Args:
        options: the WebUI's command line (`api_auth`, `gradio_auth`, `gradio_auth_path`).

    Raises:
        OSError: the file of `--gradio-auth-path` cannot be read, or is no regular one.
        ValueError: it has more than 1 MiB, or an entry is not `user:password`.
    """
    api = _pairs(getattr(options, "api_auth", None) or "")
    if api:
        return [Depends(Guard(api))]
    return page_auth_dependencies(options)


def page_auth_dependencies(options: Any) -> list[Any]:
    """As `auth_dependencies`, for what the WebUI's own page asks for: it has no password of `--api-auth` to give.

    Raises:
        OSError, ValueError: as there.
    """
    page = _page_users(options)
    return [Depends(Guard(page, page_session=True))] if page else []


def page_login(options: Any) -> Callable[[HTTPConnection], bool]:
    """Whether the sender of a request may see the WebUI's page: `--gradio-auth` alone asks for a log-in there.

    Args:
        options: the WebUI's command line.

    Raises:
        OSError, ValueError: as `auth_dependencies`.
    """
    users = _page_users(options)
    guard = Guard(users, page_session=True)
    return lambda connection: not users or guard.knows(connection)


def _page_users(options: Any) -> dict[str, str]:
    users = _pairs(getattr(options, "gradio_auth", None) or "")
    path = getattr(options, "gradio_auth_path", None)
    if path:
        for line in read_regular(Path(path), MAX_USERS_BYTES).decode("utf-8").splitlines():
            users |= _pairs(line)
    return users


class Guard:
    """A dependency: HTTP Basic against the given users.

    Args:
        users: passwords by user.
        page_session: accept who is logged in on Gradio's page too.
    """

    def __init__(self, users: Mapping[str, str], *, page_session: bool = False) -> None:
        self._users = {user.encode(): password.encode() for user, password in users.items()}
        self._page_session = page_session

    async def __call__(self, request: Request) -> None:
        """Let a known user pass; not in a thread, because the WebUI's may all be taken.

        Raises:
            HTTPException: 401, the credentials are missing or wrong.
        """
        if not self.knows(request):
            sent = _basic(request.headers.get("authorization", ""))
            wanted = "Give a user and a password by HTTP Basic authentication."
            raise HTTPException(401, wanted if sent is None else "The user or the password is wrong.", CHALLENGE)

    def knows(self, connection: HTTPConnection) -> bool:
        """Whether a request, or the opening of a websocket, comes from a known user."""
        if self._page_session and _logged_in(connection):
            return True
        given = _basic(connection.headers.get("authorization", ""))
        if given is None:
            return False
        user, password = given
        # Every entry is compared, so that the time reveals nothing of which users there are.
        matches = [
            secrets.compare_digest(user, known) & secrets.compare_digest(password, secret)
            for known, secret in self._users.items()
        ]
        return any(matches)


def _pairs(text: str) -> dict[str, str]:
    found = {}
    for entry in text.split(","):
        if entry.strip():
            user, colon, password = entry.strip().partition(":")
            if not colon:
                raise ValueError("an entry of --api-auth or --gradio-auth is not user:password")
            found[user] = password
    return found


def _basic(header: str) -> tuple[bytes, bytes] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    user, colon, password = decoded.partition(b":")
    return (user, password) if colon else None


def _logged_in(request: HTTPConnection) -> bool:
    """Whether Gradio's own log-in covers this request: the cookie's token is one that its app gave out."""
    tokens = getattr(request.app, "tokens", None)
    if not isinstance(tokens, Mapping):
        return False
    # Gradio 3 names the cookie access-token, Gradio 4 adds the app's id.
    names = [name for name in request.cookies if name.startswith("access-token")]
    return any(tokens.get(request.cookies[name]) is not None for name in names)
