"""`python -m lib_bootcamp`, or `python path/to/lib_bootcamp` from any folder. Parses on every Python, old ones too."""

import os
import sys

if sys.version_info < (3, 10):  # noqa: UP036 - this line is what an older Python reads
    sys.stderr.write(
        "sd-webui-bootcamp needs Python 3.10 or newer, and %s is Python %d.%d; "  # noqa: UP031 - the same
        "call it with a newer one, such as python3.11 -m lib_bootcamp.\n" % ((sys.executable,) + sys.version_info[:2])  # noqa: RUF005
    )
    sys.exit(3)

if not __package__:  # called by path: the package's folder stands where its parent belongs
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120

try:
    from lib_bootcamp.start import main
except KeyboardInterrupt:
    sys.exit(130)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
