"""The hub of models: files are pushed with the person's own token, which is handed on and kept nowhere.

Imports no torch. No text of the library's or the hub's stands in a mistake: it could carry the token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lib_bootcamp import __version__
from lib_bootcamp.errors import HubError, InvalidParamError, MissingPackageError

TIMEOUT_S = 30
_LOG_IN = "run `hf auth login` (earlier versions: `huggingface-cli login`), or set HF_TOKEN"


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """Where files are now.

    Args:
        url: of the repository.
        private: whether only who owns it sees it.
    """

    url: str
    private: bool


def front_matter(values: Mapping[str, Any]) -> str:
    """A model card's front matter as YAML, without its dashes.

    Args:
        values: texts, and lists and objects of them.
    Raises:
        MissingPackageError: huggingface_hub is not installed.
    """
    try:
        from huggingface_hub import ModelCardData
    except ImportError as error:
        raise MissingPackageError("huggingface_hub", "A model card") from error
    return str(ModelCardData(**values).to_yaml(line_break="\n"))


def push(files: Mapping[str, bytes], repository: str, *, private: bool, message: str) -> Pushed:
    """Put files into a repository, in one commit; it is made where it is not there yet.

    Args:
        files: by their paths in it.
        repository: USER/NAME.
        private: whether only who owns it may see it.
        message: of the commit.
    Raises:
        InvalidParamError: it is there, and everybody sees it.
        HubError: the hub cannot be reached or refuses, or nobody is logged in.
        MissingPackageError: huggingface_hub is not installed.
    """
    api = _logged_in()
    is_private = _asked(api, repository, lambda: _pushed(api, files, repository, private=private, message=message))
    place = urlsplit(api.endpoint)
    address = f"{place.hostname}:{place.port}" if place.port else place.hostname
    return Pushed(url=f"{place.scheme}://{address}/{repository}", private=is_private)


def refuse_unpushable(repository: str, *, private: bool) -> None:
    """Refuse a repository that `push` would be refused, before there is anything to push; changes nothing there.

    Args:
        repository: USER/NAME.
        private: as of `push`.
    Raises:
        InvalidParamError, HubError, MissingPackageError: as `push`.
    """
    api = _logged_in()
    if not _asked(api, repository, lambda: _is_writable(api, repository, private=private)):
        sentence, hint = _may_not(repository)
        raise HubError(sentence, hint=hint)


def _logged_in() -> Any:
    """The hub's API with the person's token."""
    try:
        from huggingface_hub import HfApi, constants, get_token
    except ImportError as error:
        raise MissingPackageError("huggingface_hub", "Pushing to the hub") from error
    if constants.HF_HUB_OFFLINE:
        raise HubError("HF_HUB_OFFLINE is set, so that nothing can be pushed", hint="unset it and try again")
    try:
        token = get_token()
    except Exception:  # noqa: BLE001 - of a login that cannot be renewed; what it says may hold secrets
        token = None
    if not token:
        raise HubError("You are not logged in to the hub", hint=_LOG_IN)
    return HfApi(token=token, library_name="sd-webui-bootcamp", library_version=__version__)


def _asked(api: Any, repository: str, ask: Callable[[], bool]) -> bool:
    """What the hub answers; what the library raises in a sentence of ours."""
    refused: HubError | None = None
    with _without_bars():
        try:
            return ask()
        except InvalidParamError:
            raise
        except Exception as error:  # noqa: BLE001 - of requests, httpx or httpx2, without a common root
            refused = _mistake(error, repository, urlsplit(api.endpoint).hostname or "the hub")
    raise refused  # here, where the library's error is no context of it any more


def _is_writable(api: Any, repository: str, *, private: bool) -> bool:
    """Whether the token may write there, as far as the hub says so."""
    _refuse_public(repository, is_private=_is_private(api, repository), private=private)
    try:
        known = api.whoami()
    except Exception as error:
        if _status(error) == 404:
            return True  # a mirror that knows nobody
        raise
    token = (known.get("auth") or {}).get("accessToken") or {}
    places = {str(each.get("name")).lower() for each in (known, *known.get("orgs", ()))}
    return token.get("role") != "read" and repository.partition("/")[0].lower() in places


def _refuse_public(repository: str, *, is_private: bool | None, private: bool) -> None:
    if private and is_private is False:
        raise InvalidParamError(
            "push_to", f"names {repository}, which everybody sees", hint="give another one, or push it publicly"
        )


def _pushed(api: Any, files: Mapping[str, bytes], repository: str, *, private: bool, message: str) -> bool:
    """Push them; whether the repository is private."""
    from huggingface_hub import CommitOperationAdd

    is_private = _is_private(api, repository)
    _refuse_public(repository, is_private=is_private, private=private)
    if is_private is None:
        api.create_repo(repository, private=private)
        is_private = private
    additions = [CommitOperationAdd(path, data) for path, data in files.items()]
    api.create_commit(repository, additions, commit_message=message)
    return is_private


def _is_private(api: Any, repository: str) -> bool | None:
    """Whether the repository is private; None where it is not there."""
    try:
        return bool(api.model_info(repository, timeout=TIMEOUT_S).private)
    except Exception as error:
        if _status(error) == 404 or type(error).__name__ == "RepositoryNotFoundError":
            return None  # a token that is none is refused when it is made
        raise


def _may_not(repository: str) -> tuple[str, str]:
    return f"Your token may not write to {repository}", "log in with one that may, or name a place of your own"


def _mistake(error: Exception, repository: str, host: str) -> HubError:
    """What the library raised, in a sentence of ours alone."""
    status = _status(error)
    if status is None and _is_of_network(error):
        return HubError(f"The hub ({host}) cannot be reached", hint="check the connection and try again")
    if status is not None and status >= 500:
        return HubError(f"The hub fails at the moment ({status})", hint="try again later")
    known = {
        401: ("The hub does not accept your token", _LOG_IN),
        403: _may_not(repository),
        404: (f"The hub has no {repository}, or your token may not see it", "check the name and try again"),
        409: (f"{repository} was made or changed by somebody else just now", "try again"),
        413: ("A file is larger than the hub takes", "share fewer samples or pictures"),
        429: ("The hub has had too many requests of yours", "try again later"),
    }
    what = type(error).__name__ if status is None else str(status)
    sentence, hint = known.get(status or 0, (f"The hub does not take {repository} ({what})", "check its name"))
    return HubError(sentence, hint=hint)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__


def _status(error: BaseException) -> int | None:
    """The status of the hub's answer, of an error or of what caused it."""
    for each in _chain(error):
        status = getattr(getattr(each, "response", None), "status_code", None)
        if isinstance(status, int):
            return status
    return None


def _is_of_network(error: BaseException) -> bool:
    of = ("requests", "urllib3", "httpx", "httpx2", "httpcore", "httpcore2")
    return any(isinstance(each, OSError) or type(each).__module__.partition(".")[0] in of for each in _chain(error))


@contextmanager
def _without_bars() -> Iterator[None]:
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    before = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not before:
            enable_progress_bars()
