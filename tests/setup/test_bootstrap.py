"""The set-up: made once from a lock, found at once, never half there, never over somebody else's files."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from lib_bootcamp import start
from lib_bootcamp.setup import bootstrap, development, installer, pip
from lib_bootcamp.setup.bootstrap import SetupError

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")

APP = """
import sys
def main(argv, prepare=None):
    import probe
    print("ran", sys.prefix, probe.VERSION, *argv)
    return 7
"""


def make_wheel(folder: Path, version: str) -> None:
    """The smallest wheel there is: one module that tells its version."""
    info = f"probe-{version}.dist-info"
    with zipfile.ZipFile(folder / f"probe-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("probe.py", f"VERSION = {version!r}\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: probe\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", f"probe.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")


class Project:
    """A copy of the part that sets up, with a lock of one tiny package and a command line that tells where it runs."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        package = self.root / "lib_bootcamp"
        (package / "setup").mkdir(parents=True)
        for name in ("__init__", "__main__", "start", "errors", "shipped"):
            shutil.copy(ROOT / "lib_bootcamp" / f"{name}.py", package)
        for each in (ROOT / "lib_bootcamp" / "setup").glob("*.py"):
            shutil.copy(each, package / "setup")
        self.app = package / "app.py"
        self.app.write_text(APP, encoding="utf-8")
        self.wheels = folder / "wheels"
        self.wheels.mkdir()
        for version in ("1.0", "2.0"):
            make_wheel(self.wheels, version)
        self.lock = self.root / "requirements" / "standalone.txt"
        self.lock.parent.mkdir()
        self.ask_for("1.0")
        self.venv = self.root / ".venv"
        self.settings = {name: value for name, value in os.environ.items() if not name.startswith(("BOOTCAMP", "PIP_"))}
        self.settings |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PIP_CONFIG_FILE": os.devnull}

    def ask_for(self, version: str) -> None:
        self.lock.write_text(f"# the lock\nprobe=={version}\n", encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        return [bootstrap.base_python(), "-m", "lib_bootcamp", *arguments]

    def run(self, *arguments: str, cwd: Path | None = None, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=cwd or self.root,
            env={**self.settings, **settings},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def state(self) -> str:
        return (self.venv / "bootcamp-state").read_text(encoding="utf-8").split()[1]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, subprocess.CompletedProcess[str]]:
    """A project after its first call, shared by tests that leave it as it is."""
    project = Project(tmp_path_factory.mktemp("made"))
    return project, project.run("qr", "two words")


Made = tuple[Project, "subprocess.CompletedProcess[str]"]


@pytest.fixture
def whole(made: Made, project: Project) -> Project:
    """A project of its own whose environment is whole: a copy, which is quicker than the first call."""
    shutil.copytree(made[0].venv, project.venv, symlinks=True)
    return project


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A project after a first call that asked for a version that nobody has."""
    project = Project(tmp_path_factory.mktemp("failed"))
    project.ask_for("3.0")
    return project, project.run("qr")


def test_the_first_call_runs_the_command_in_the_environment(made: Made) -> None:
    project, first = made
    assert first.stdout.split() == ["ran", str(project.venv), "1.0", "qr", "two", "words"]


def test_the_command_keeps_its_exit_code(made: Made) -> None:
    assert made[1].returncode == 7


def test_the_first_call_says_what_it_does_on_standard_error(made: Made) -> None:
    lines = made[1].stderr.splitlines()
    assert lines[0] == f"Setting up {made[0].venv} from standalone.txt, once; it may take a minute or two."
    assert lines[-1].startswith("Ready after ")


def test_the_second_call_sets_up_nothing(made: Made) -> None:
    second = made[0].run("qr")
    assert (second.returncode, second.stderr) == (7, "")


def test_a_call_by_path_from_another_folder_runs_there_too(made: Made, tmp_path: Path) -> None:
    project = made[0]
    reported = subprocess.run(
        [bootstrap.base_python(), str(project.root / "lib_bootcamp"), "qr"],
        cwd=tmp_path,
        env=project.settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert reported.stdout.split() == ["ran", str(project.venv), "1.0", "qr"]


def test_a_call_by_the_environments_own_python_starts_at_once(made: Made) -> None:
    project = made[0]
    reported = subprocess.run(
        [bootstrap.interpreter(project.venv), "-m", "lib_bootcamp"],
        cwd=project.root,
        env=project.settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (reported.stdout.split()[:2], reported.stderr) == (["ran", str(project.venv)], "")


def test_a_marker_of_another_lock_does_not_count(made: Made, tmp_path: Path) -> None:
    other = tmp_path / "standalone.txt"
    other.write_text("probe==1.1\n", encoding="utf-8")
    assert bootstrap.is_whole(made[0].venv, made[0].lock)
    assert not bootstrap.is_whole(made[0].venv, other)


def test_a_changed_lock_is_installed_over_the_old_one(whole: Project) -> None:
    whole.ask_for("2.0")
    again = whole.run("qr")
    assert again.stdout.split()[2] == "2.0"
    assert again.stderr.startswith(f"Bringing {whole.venv} up to standalone.txt.")


def test_a_lock_that_cannot_be_had_leaves_the_old_environment_usable(whole: Project) -> None:
    whole.ask_for("3.0")
    assert whole.run("qr").returncode == 3
    whole.ask_for("1.0")
    after = whole.run("qr")
    assert (after.returncode, after.stderr) == (7, "")


def test_an_environment_that_pip_left_half_changed_is_made_anew(whole: Project) -> None:
    (whole.venv / "bootcamp-standalone").unlink()
    (whole.venv / "bootcamp-state").write_text("made busy none\n", encoding="utf-8")
    (whole.venv / "left-over").touch()
    assert whole.run("qr").returncode == 7
    assert not (whole.venv / "left-over").exists()


def test_a_failed_set_up_leaves_no_environment(failed: Made) -> None:
    assert (failed[1].returncode, failed[0].venv.exists()) == (3, False)


def test_a_failed_set_up_ends_on_one_sentence(failed: Made) -> None:
    assert failed[1].stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in failed[1].stderr


def test_without_a_connection_the_set_up_says_so(whole: Project) -> None:
    whole.ask_for("2.0")
    nowhere = "http://127.0.0.1:9/simple"  # port 9 discards; nothing listens there
    reported = whole.run("qr", PIP_NO_INDEX="0", PIP_FIND_LINKS="", PIP_INDEX_URL=nowhere, PIP_RETRIES="0")
    assert reported.returncode == 3
    assert reported.stderr.splitlines()[-1].startswith(
        "error: The packages could not be installed, pip says why above:"
    )
    assert "connect this machine" in reported.stderr


def test_pips_own_output_is_shown(failed: Made) -> None:
    assert "No matching distribution found for probe==3.0" in failed[1].stderr


def test_pip_writes_nothing_on_standard_output(made: Made) -> None:
    assert made[1].stdout.splitlines() == [f"ran {made[0].venv} 1.0 qr two words"]


def test_a_full_disk_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pip.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    assert pip._reason(tmp_path) == "The disk is full: free about 1.5 GB and call again."


def wait_for(path: Path) -> None:
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} did not appear")


def interruptible(project: Project) -> subprocess.Popen[str]:
    """A first call; a run in a shell's background ignores the signal, and so would what it starts."""
    return subprocess.Popen(
        project.command("qr"),
        cwd=project.root,
        env=project.settings,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


@posix
def test_an_interrupted_set_up_says_so_and_leaves_nothing(project: Project) -> None:
    process = interruptible(project)
    wait_for(project.venv / "bootcamp-state")
    process.send_signal(signal.SIGINT)
    reported = process.communicate(timeout=60)[1]
    assert (process.returncode, project.venv.exists()) == (3, False)
    assert reported.splitlines()[-1] == "error: The set-up was stopped; the next call does it again from the start."


@posix
@pytest.mark.parametrize("moment", range(6))
def test_an_interrupt_at_any_moment_of_the_set_up_leaves_no_program_at_work(project: Project, moment: int) -> None:
    process = interruptible(project)
    wait_for(Path(f"{project.venv}.lock"))
    time.sleep(moment * 0.015)
    process.send_signal(signal.SIGINT)
    reported = process.communicate(timeout=60)[1]  # ends when the last program that holds the pipe has ended
    assert (process.returncode, project.venv.exists()) == (3, False)
    assert reported.splitlines()[-1] == f"error: {pip.STOPPED}"


@posix
def test_an_interrupt_while_a_program_is_started_ends_that_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The signal comes in between the fork and the return of Popen, where an exception would lose the program."""
    started: list[subprocess.Popen[bytes]] = []

    class Interrupted(subprocess.Popen):
        def __init__(self, *args: object, **settings: object) -> None:
            super().__init__(*args, **settings)
            started.append(self)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(pip.subprocess, "Popen", Interrupted)
    # what runs in a shell's background ignores the signal
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(SetupError, match="was stopped"):
            pip.run([sys.executable, "-c", "import time; time.sleep(60)"])
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert started[0].returncode is not None


@posix
def test_a_killed_set_up_is_not_taken_for_whole(project: Project) -> None:
    process = subprocess.Popen(project.command("qr"), cwd=project.root, env=project.settings, stderr=subprocess.DEVNULL)
    wait_for(project.venv / "pyvenv.cfg")
    process.kill()
    process.wait(60)
    assert project.state() == "busy"
    assert not bootstrap.is_whole(project.venv, project.lock)


def test_two_first_calls_at_a_time_both_succeed(project: Project) -> None:
    calls = [
        subprocess.Popen(
            project.command("qr"),
            cwd=project.root,
            env=project.settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    reported = [call.communicate(timeout=600) for call in calls]
    assert [call.returncode for call in calls] == [7, 7]
    assert sorted("Setting up" in err for _, err in reported) == [False, True]


@pytest.fixture
def theirs(whole: Project) -> Project:
    """A project beside whose package somebody has made an environment, with a file and without pip."""
    for mark in whole.venv.glob("bootcamp-*"):
        mark.unlink()
    for package in whole.venv.glob("lib/python*/site-packages/p*"):
        shutil.rmtree(package) if package.is_dir() else package.unlink()
    (whole.venv / "mine").touch()
    return whole


def test_an_environment_somebody_made_is_added_to(theirs: Project) -> None:
    assert theirs.run("qr").stdout.split()[:3] == ["ran", str(theirs.venv), "1.0"]
    assert (theirs.venv / "mine").exists()


def test_an_environment_somebody_made_outlives_a_failure(theirs: Project) -> None:
    theirs.ask_for("3.0")
    assert theirs.run("qr").returncode == 3
    assert (theirs.venv / "mine").exists()


def test_an_environment_somebody_made_is_not_made_anew(theirs: Project) -> None:
    with pytest.raises(SetupError, match="was not made by this program"):
        installer.ensure(theirs.venv, [theirs.lock], fresh=True)


def test_a_folder_with_other_files_is_refused(project: Project, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "letter.txt").touch()
    refused = project.run("qr", BOOTCAMP_VENV=str(home))
    assert refused.returncode == 3
    assert f"{home} holds files but no Python environment" in refused.stderr
    assert (home / "letter.txt").exists()


@pytest.mark.parametrize(
    ("named", "folder"), [("", bootstrap.ROOT / ".venv"), ("/elsewhere/venv", Path("/elsewhere/venv")), ("OFF", None)]
)
def test_the_environments_folder_may_be_named(monkeypatch: pytest.MonkeyPatch, named: str, folder: Path | None) -> None:
    monkeypatch.setenv("BOOTCAMP_VENV", named)
    assert bootstrap.folder() == (folder.absolute() if folder else None)


def test_off_runs_in_the_calling_python(project: Project) -> None:
    (project.root / "probe.py").write_text("VERSION = 'own'\n", encoding="utf-8")
    reported = project.run("qr", BOOTCAMP_VENV="off")
    assert reported.stdout.split()[2:] == ["own", "qr"]
    assert not project.venv.exists()


def test_off_without_the_packages_says_which_is_missing(project: Project) -> None:
    project.app.write_text("import a_package_that_is_not_there\n", encoding="utf-8")
    reported = project.run("qr", BOOTCAMP_VENV="off")
    assert (reported.returncode, reported.stderr.count("\n")) == (3, 1)
    assert reported.stderr.startswith("error: The package a_package_that_is_not_there is not installed in ")


@pytest.mark.parametrize("flag", ["--version", "--help"])
def test_version_and_help_need_no_environment(project: Project, flag: str) -> None:
    reported = project.run(flag)
    assert (reported.returncode, reported.stderr, project.venv.exists()) == (0, "", False)


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert start.main(["--version"]) == 0
    assert capsys.readouterr().out == f"sd-webui-bootcamp {start.__version__}\n"


def test_a_python_of_another_version_below_the_environment_is_noticed(made: Made) -> None:
    project = made[0]
    marker = bootstrap.marker(project.venv, project.lock)
    whole = marker.read_text(encoding="utf-8")
    marker.write_text(whole.split()[0] + " 3.8", encoding="utf-8")
    try:
        assert not installer._is_ready(project.venv, [project.lock])
    finally:
        marker.write_text(whole, encoding="utf-8")


def test_an_older_python_can_parse_the_entry() -> None:
    ast.parse((ROOT / "lib_bootcamp" / "__main__.py").read_text(encoding="utf-8"), feature_version=(3, 4))


def test_an_older_python_reads_one_sentence() -> None:
    code = (
        "import sys, runpy; sys.version_info = (3, 8, 1, 'final', 0); "
        f"runpy.run_path({str(ROOT / 'lib_bootcamp' / '__main__.py')!r}, run_name='__main__')"
    )
    reported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (reported.returncode, reported.stderr.count("\n")) == (3, 1)
    assert "needs Python 3.10 or newer" in reported.stderr
    assert "Python 3.8" in reported.stderr


def test_a_python_without_venv_learns_what_to_install(project: Project, tmp_path: Path) -> None:
    # as on Debian without python3-venv: ensurepip is missing
    python = tmp_path / "python3"
    python.write_text(
        "#!/bin/sh\necho 'No module named ensurepip' >&2\nexit 1\n",
        encoding="utf-8",
    )
    python.chmod(0o755)
    with pytest.raises(SetupError, match="sudo apt install python3-venv"):
        installer.ensure(project.venv, [project.lock], python=str(python))
    assert not project.venv.exists()


@pytest.mark.parametrize(("name", "version", "fits"), [
    ("webui", (3, 9), False), ("webui", (3, 10), True), ("webui", (3, 11), True), ("webui", (3, 12), False),
    ("current", (3, 10), False), ("current", (3, 13), True), ("current", None, False),
])  # fmt: skip
def test_a_pin_set_knows_its_pythons(name: str, version: tuple[int, int] | None, fits: bool) -> None:
    assert development.PINS[name].fits(version) is fits


def test_the_tally_is_read_from_the_report(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite tests="9" failures="2" errors="1" skipped="3"/></testsuites>', encoding="utf-8"
    )
    assert str(development.tally_of(report)) == "3 passed, 3 failed, 3 skipped"


@pytest.mark.parametrize(
    ("asked", "runs"),
    [
        ([], [[]]),
        (["--coverage"], [[*development.COVERAGE, "-m", "fast"], ["-m", "not fast"]]),
        (["--coverage", "-m", "slow"], [[*development.COVERAGE, "-m", "slow"]]),
    ],
)
def test_of_a_whole_run_the_fast_tests_are_measured_and_none_runs_twice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: list[str], runs: list[list[str]]
) -> None:
    made: list[list[str]] = []

    def pytest_run(python: Path, arguments: list[str], pins: str | None) -> tuple[int, development.Tally]:
        made.append(list(arguments))
        return len(made) - 1, development.Tally(passed=len(made))

    monkeypatch.setattr(development, "_pytest", pytest_run)
    monkeypatch.setattr(development, "_python", lambda **_: Path(sys.executable))
    monkeypatch.setattr(development.checks, "run", lambda *_: [])
    assert development.main(["test", *asked]) == len(runs) - 1
    assert made == runs
    assert capsys.readouterr().out.splitlines()[-1] == f"{len(runs)} passed, 0 failed, 0 skipped"


def test_a_run_without_a_report_counts_nothing(tmp_path: Path) -> None:
    assert str(development.tally_of(tmp_path / "none.xml")) == "0 passed, 0 failed, 0 skipped"


def test_a_lock_that_stands_alone_is_installed_without_what_its_packages_declare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []
    locks = [tmp_path / "standalone.txt", tmp_path / bootstrap.DETECTORS.name]
    monkeypatch.setattr(pip, "run", lambda command, *_, **__: calls.append(command) or 0)
    with (tmp_path / "lock").open("w", encoding="utf-8") as handle:
        pip.install(tmp_path / ".venv", locks, handle, again=False)
    asked = [call for call in calls if "install" in call]
    assert [("--no-deps" in call, call[call.index("-r") + 1]) for call in asked] == [
        (False, str(locks[0])),
        (True, str(locks[1])),
    ]


def test_an_environment_of_the_version_before_is_kept(whole: Project) -> None:
    (whole.venv / "bootcamp-state").write_text("made whole 3.11\n", encoding="utf-8")
    (whole.venv / "mine").touch()
    whole.ask_for("2.0")
    assert whole.run("qr").stdout.split()[2] == "2.0"
    assert (whole.venv / "mine").exists()


def test_in_a_wheel_the_detectors_come_without_what_they_declare_and_torch_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    added: list[str] = []
    monkeypatch.setattr(development, "distributions", list)
    monkeypatch.setattr(development.pip, "add", added.extend)
    monkeypatch.setattr(development.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SetupError, match=r"needs torch too.*pip install 'sd-webui-bootcamp\[models\]'"):
        development._setup_of_wheel(detectors=True)
    assert "controlnet-aux==0.0.10" in added
    assert not any("opencv" in each for each in added)
