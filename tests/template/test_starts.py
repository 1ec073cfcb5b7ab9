"""README's tables of what a start costs have every function: one that was added later would be missing, and its figures with it."""

import re
import unittest

import expansion

# Of the least function, which each is compared with.
BARE = "bare"


def tables():
    """The first column of each table of the chapter, without its head."""
    readme = (expansion.ROOT / "README.md").read_text(encoding="utf-8")
    chapter = readme.split("\n## What a start costs\n")[1].split("\n## ")[0]
    for table in re.findall(r"(?:^\|.*\n)+", chapter, re.MULTILINE):
        yield [line.split("|")[1].strip() for line in table.splitlines()[2:]]


class Starts(unittest.TestCase):
    def test_each_function_has_its_row_in_each_table(self):
        # The authorizer stands before tools, in deployments of their own.
        functions = sorted(expansion.functions() - {"authorizer"})
        found = list(tables())
        self.assertEqual(len(found), 2, "what was measured, and what it comes to by memory")
        for rows in found:
            # One may have several rows: what was asked of it stands behind a comma.
            self.assertEqual(sorted({name.split(",")[0] for name in rows} - {BARE}), functions)


if __name__ == "__main__":
    unittest.main()
