"""The workflow of continuous integration and tests/run: what they run is there."""

import re
import unittest

import expansion
from samtranslator.yaml_helper import yaml_parse

WORKFLOW = expansion.ROOT / ".github/workflows/ci.yml"
RUN = expansion.ROOT / "tests/run"


def commands():
    """What each job runs of ours, by its name."""
    jobs = yaml_parse(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    written = {name: "\n".join(step.get("run", "") for step in job["steps"]) for name, job in jobs.items()}
    return {name: re.findall(r"^((?:tests/run|\.ci/run).*)$", text, re.MULTILINE) for name, text in written.items()}


class Workflow(unittest.TestCase):
    def test_there_is_a_job_for_all_of_it_one_with_docker_and_one_for_the_architecture_of_a_deployment(self):
        self.assertEqual(commands(), {
            "tests": [".ci/run"],
            "localstack": ["tests/run --only prepare,build,deployed"],
            "arm64": ["tests/run --only build,arm64"],
        })

    def test_the_job_with_docker_runs_where_docker_is(self):
        jobs = yaml_parse(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
        # In a container there is no daemon, and `infra/localstack/up` would take another endpoint.
        self.assertNotIn("container", jobs["localstack"])
        self.assertIn("container", jobs["tests"])

    def test_every_step_that_it_names_is_one_of_tests_run(self):
        (steps,) = re.findall(r"^all_steps=\((.*)\)$", RUN.read_text(encoding="utf-8"), re.MULTILINE)
        for ours in commands().values():
            for command in ours:
                named = command.partition("--only ")[2]
                self.assertLessEqual(set(filter(None, named.split(","))), set(steps.split()), command)

    def test_what_runs_below_a_stage_is_there(self):
        """A name that nobody has would run nothing, and nobody would hear of it."""
        (named,) = re.findall(r"^made_of_the_issuer=\(([^)]*)\)$", RUN.read_text(encoding="utf-8"), re.MULTILINE)
        there = {path.stem for path in (expansion.ROOT / "tests/tests/http/running_stack").glob("*.rs")}
        self.assertLessEqual(set(named.split()), there)
        self.assertGreater(len(named.split()), 5)

    def test_arm64_is_built_of_every_function_that_is_deployed(self):
        script = (expansion.ROOT / "tests/binaries/run").read_text(encoding="utf-8")
        self.assertIn("build_functions arm64 $(functions)", script)
        deployed = expansion.Deployment(expansion.read()).of_type("AWS::Lambda::Function")
        named = re.findall(r"^ *CodeUri: functions/(.*)/$", expansion.PRODUCT.read_text(encoding="utf-8"), re.MULTILINE)
        self.assertEqual(len(named), len(deployed))


if __name__ == "__main__":
    unittest.main()
