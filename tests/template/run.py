"""Runs the tests of this folder, or of another that is named, or of one file in it, and counts them as tests/run reads it."""

import sys
import unittest
from pathlib import Path


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).parent)
    files = sys.argv[2] if len(sys.argv) > 2 else "test*.py"
    suite = unittest.defaultTestLoader.discover(folder, files)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    # A subtest that fails does so beside its test.
    failed = {getattr(test, "test_case", test).id() for test, _ in [*result.failures, *result.errors]}
    skipped = len(result.skipped)
    print(f"# pass {max(result.testsRun - len(failed) - skipped, 0)}")
    print(f"# fail {len(failed)}")
    print(f"# skipped {skipped}")
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    raise SystemExit(main())
