"""Run by the WebUI at every start, in a process of its own: adds the packages that are missing.

What is installed is never moved: pip is held by a constraints file of everything installed. A
package that cannot be added costs one line; the feature that needs it says so when it is used.
"""

from __future__ import annotations

# Everything else is imported where something is missing; `typing` alone would cost as much as all of this.
import os
import sys
from importlib.util import find_spec


class Want:
    """A package to add when its module is missing.

    Args:
        module: what is imported.
        requirement: what pip is asked for.
        feature: what waits for it.
        needs: modules it imports, with what pip is asked for; where given, the package is added
            without its declared dependencies, and these one by one.
        never: modules among its dependencies that are left to the WebUI; without them it is not added.
        alone: without its declared dependencies, although there are no `needs`.
    """

    def __init__(  # noqa: PLR0913 - what a package is, once
        self,
        module: str,
        requirement: str,
        feature: str,
        needs: tuple[tuple[str, str], ...] = (),
        never: tuple[str, ...] = (),
        *,
        alone: bool = False,
    ) -> None:
        self.module, self.requirement, self.feature = module, requirement, feature
        self.needs, self.never, self.alone = needs, never, alone or bool(needs)


WANTED = (
    Want("qrcode", "qrcode>=7.4", "Making QR codes"),
    Want("zxingcpp", "zxing-cpp>=2.2", "Scanning QR codes"),
    # 0.31.0 runs with everything that WebUI 1.10.1 pins; 0.27 and 0.34 do not.
    Want("diffusers", "diffusers==0.31.0", "The loaded checkpoint outside of generation"),
    Want("simplejpeg", "simplejpeg", "Reading JPEGs quickly"),
    Want("isal", "isal", "Writing PNGs quickly"),
    # Its lists of labels are read and its code is not imported, so nothing has to come along with it.
    Want("clip_interrogator", "clip-interrogator==0.6.0", "Interrogating with clip-interrogator's tables", alone=True),
    # Its metadata asks for one more OpenCV (headless) beside whichever is there, and the two overwrite each other.
    Want(
        "controlnet_aux",
        "controlnet-aux==0.0.10",
        "Depth, edge and line maps",
        needs=(
            ("cv2", "opencv-python-headless"),
            ("einops", "einops"),
            ("filelock", "filelock"),
            ("huggingface_hub", "huggingface-hub<1"),
            ("importlib_metadata", "importlib-metadata"),
            ("scipy", "scipy"),
            ("skimage", "scikit-image"),
            # The ControlNet extension asks for timm<=0.9.5.
            ("timm", "timm==0.9.5"),
        ),
        never=("torch",),
    ),
)
# diffusers 0.31 asks for "at least", and does not import with the next major version.
LIMITS = ("huggingface-hub<1",)
# An unreachable index is noticed in seconds, not in pip's minute and a half.
PIP_OPTIONS = ("--prefer-binary", "--disable-pip-version-check", "--retries", "1", "--timeout", "15")
UNREACHABLE = (
    "NewConnectionError",
    "ConnectTimeout",
    "Read timed out",
    "Temporary failure in name resolution",
    "ProxyError",
)


class PipError(Exception):
    """pip's own reason, in one line."""


def is_missing(module: str) -> bool:
    """Whether there is nothing to import; a folder left behind by a broken installation counts as nothing."""
    if module in sys.modules:
        return False
    spec = find_spec(module)
    return spec is None or spec.origin is None


def missing(wanted: tuple[Want, ...] = WANTED) -> list[tuple[Want, list[str]]]:
    """What is to be added: the package and the requirements, in the order of installation."""
    found = []
    for want in wanted:
        if any(is_missing(module) for module in want.never):
            continue
        lines = [want.requirement] if is_missing(want.module) else []
        lines += [requirement for module, requirement in want.needs if is_missing(module)]
        if lines:
            found.append((want, lines))
    return found


def installed() -> list[str]:
    """`name==version` of every installed distribution, each once; what pip cannot read is left out."""
    import importlib.metadata
    import re

    lines = {}
    for each in importlib.metadata.distributions():
        name, version = each.metadata["Name"], each.metadata["Version"]
        if name and version and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+!-]*", version):
            key = re.sub(r"[-_.]+", "-", name).lower()
            lines.setdefault(key, f"{key}=={version}")
    return sorted(lines.values())


def constraints_text() -> str:
    """What pip is held by: everything installed as it is, and limits on what would come along."""
    lines = installed()
    names = {line.partition("==")[0] for line in lines}
    return "\n".join([*lines, *(limit for limit in LIMITS if limit.partition("<")[0] not in names), ""])


def add(requirement: str, constraints: str, *, alone: bool) -> None:
    """Install one requirement without moving anything that is installed.

    Args:
        requirement: what pip is asked for.
        constraints: the file of what is installed.
        alone: without the dependencies that it declares.

    Raises:
        PipError: pip failed; nothing was changed or the package is incomplete and will be added at the next start.
    """
    import subprocess

    command = [sys.executable, "-m", "pip", "install", requirement, "-c", constraints, *PIP_OPTIONS]
    if alone:
        command.append("--no-deps")
    index = os.environ.get("INDEX_URL")
    if index:
        command += ["--index-url", index]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PipError(str(error)) from error
    if done.returncode:
        raise PipError(_reason(done.stdout + "\n" + done.stderr))


def _reason(output: str) -> str:
    if any(sign in output for sign in UNREACHABLE):
        return "the package index cannot be reached"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    asked = [line for line in lines if line.startswith("The user requested (constraint)")]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    return "; ".join((errors[:1] or lines[-1:] or ["pip failed"]) + asked[:2])[:300]


def skipped() -> bool:
    """Whether the WebUI was started with --skip-install."""
    # Given on launch.py's own command line, the WebUI does not run this file at all.
    return "--skip-install" in os.environ.get("COMMANDLINE_ARGS", "").split()


def main(wanted: tuple[Want, ...] = WANTED) -> None:
    """Add what is missing, one line for each; never fails."""
    todo = missing(wanted)
    if not todo:
        return
    if skipped():
        names = ", ".join(line for _, lines in todo for line in lines)
        print(f"Bootcamp: not installed because of --skip-install: {names}")
        return
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        for want, lines in todo:
            for requirement in lines:
                # Written anew each time: what the step before added stays where it is too.
                constraints = Path(folder, "installed.txt")
                constraints.write_text(constraints_text(), encoding="utf-8")
                try:
                    add(requirement, str(constraints), alone=want.alone and requirement == want.requirement)
                except PipError as error:
                    print(f"Bootcamp: {requirement} could not be added: {error}. {want.feature} waits for it.")
                    if "reached" in str(error):
                        return
                    break
                print(f"Bootcamp: added {requirement} ({want.feature.lower()})")


if __name__ == "__main__":
    main()
