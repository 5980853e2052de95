"""`python -m benchmarks.train.with_ours REPORT STARTED ARGUMENTS`: the command line's `train`, timed."""

import sys

from .clock import Clock

if __name__ == "__main__":
    clock = Clock(float(sys.argv[2]))
    from lib_bootcamp.start import main

    code = main(sys.argv[3:])
    clock.write(sys.argv[1])
    sys.exit(code)
