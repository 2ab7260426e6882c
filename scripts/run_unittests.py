"""Runs the unittest suite of a folder and writes how it went, as JSON, to a file.

Usage: run_unittests.py FOLDER RESULT_FILE. The folder's `src` is put on the module path and its `tests` are
discovered. Exits 1 when something failed or when there was nothing to run.
"""

import json
import os
import sys
import unittest


def main(folder: str, result_file: str) -> int:
    sys.path.insert(0, os.path.join(folder, "src"))
    tests = os.path.join(folder, "tests")
    suite = unittest.defaultTestLoader.discover(tests, top_level_dir=tests)
    outcome = unittest.TextTestRunner(buffer=True, verbosity=1).run(suite)
    failed = len(outcome.failures) + len(outcome.errors) + len(outcome.unexpectedSuccesses)
    skipped = len(outcome.skipped)
    counts = {"passed": max(0, outcome.testsRun - failed - skipped), "failed": failed, "skipped": skipped}
    with open(result_file, "w", encoding="utf-8") as file:
        json.dump(counts, file)
    return 0 if failed == 0 and outcome.testsRun > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
