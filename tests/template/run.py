"""Runs the tests of this folder, or of another, of one file in it or of those that are named, and counts them as tests/run reads it.

run.py [FOLDER [FILE.py] [NAME]…]    a name is what a failure prints in parentheses: a test, or a class of them
"""

import sys
import unittest
from pathlib import Path


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).parent)
    files = [each for each in sys.argv[2:] if each.endswith(".py")] or ["test*.py"]
    names = [each for each in sys.argv[2:] if not each.endswith(".py")]
    loader = unittest.TestLoader()
    if names:
        loader.testNamePatterns = [pattern for name in names for pattern in (name, f"{name}.*")]
    suite = loader.discover(folder, files[0])
    if names and not suite.countTestCases():
        raise SystemExit(f"run.py: no test of {folder} is called {' or '.join(names)}")
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
