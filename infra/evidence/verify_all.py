"""Asks verify.py about many files at once, for the tests: reads a list of cases, prints the words that are said."""

import json
import sys
from pathlib import Path

from verify import Refused, anchor, verify


def said(case):
    try:
        keys = anchor(case["anchor"]) if case["anchor"] else None
    except ValueError:
        return "no anchor"
    try:
        return verify(Path(case["file"]).read_bytes(), keys, case["token"])["verdict"]
    except Refused as refused:
        return refused.word


print(json.dumps([said(case) for case in json.loads(Path(sys.argv[1]).read_bytes())]))
