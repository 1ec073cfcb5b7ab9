"""What a stack's outputs tell whoever deployed it to do can be done: `countersign` knows every word of it."""

import re
import shlex
import subprocess
import unittest

from deployment import PROGRAM, ROOT
from samtranslator.yaml_helper import yaml_parse


def commands(part):
    """The commands of `countersign` beneath, in every branch of every condition, with a value wherever the stack puts one."""
    if isinstance(part, str):
        if part.startswith("countersign "):
            yield re.sub(r"\$\{[^}]+\}", "value", part)
        return
    for member in part.values() if isinstance(part, dict) else part:
        yield from commands(member)


def taken(command):
    """Whether the command takes these words. It reads all of them before it comes to the last, and does nothing then."""
    words = shlex.split(command)[1:]
    done = subprocess.run([PROGRAM, *words, "--help"], capture_output=True, text=True, check=False)
    return done.returncode == 0 and f"Usage: countersign {words[0]} " in done.stdout


class Outputs(unittest.TestCase):
    def test_the_command_takes_every_word_that_the_outputs_tell_it(self):
        outputs = yaml_parse((ROOT / "template.yaml").read_text())["Outputs"]
        told = list(commands(outputs))
        self.assertEqual({command.split()[1] for command in told}, {"apply", "doctor"})
        # With a domain of its own, and without.
        self.assertEqual(len(told), 4)
        for command in told:
            with self.subTest(command):
                self.assertTrue(taken(command))
                for wrong in (command.replace("countersign ", "countersign un"), command.replace("--", "--un", 1)):
                    self.assertFalse(taken(wrong), wrong)


if __name__ == "__main__":
    unittest.main()
