"""The template's shape: what CloudFormation and Lambda refuse only once it is deployed, and what names promise."""

import json
import re
import tomllib
import unittest

import expansion

# The longest of AWS's names for a region.
LONGEST_REGION = "ap-southeast-1"
# Lambda, "Quotas": the largest resource-based policy of a function, in bytes.
LARGEST_POLICY = 20 * 1024

# Names of what is not made by the stack.
NAMES_OF_OTHERS = {"MetricName", "StageName", "DomainName"}
RETAINING = {"Retain", "RetainExceptOnCreate"}
IRREPLACEABLE = {"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Logs::LogGroup"}
# Functions that no gateway calls.
NOBODY_WAITS = {"RotationFunction", "NotifyFunction"}
LONGEST_NAMES = {
    ("AWS::Lambda::Function", "FunctionName"): 64,
    ("AWS::Scheduler::Schedule", "Name"): 64,
    ("AWS::SQS::Queue", "QueueName"): 80,
    ("AWS::Budgets::Budget", "BudgetName"): 100,
    ("AWS::CloudWatch::Alarm", "AlarmName"): 255,
    ("AWS::SNS::Topic", "TopicName"): 256,
    ("AWS::Logs::LogGroup", "LogGroupName"): 512,
    ("AWS::ApiGateway::RestApi", "Name"): 1024,
}


def needs(template):
    """Which resources each resource of an expanded template names, in every branch of every condition."""
    resources = template["Resources"]

    def named(value):
        if isinstance(value, list):
            return set().union(*map(named, value))
        if not isinstance(value, dict):
            return set()
        found = set().union(*map(named, value.values()))
        if isinstance(value.get("Ref"), str):
            found.add(value["Ref"])
        if "Fn::GetAtt" in value:
            attribute = value["Fn::GetAtt"]
            found.add(attribute.split(".")[0] if isinstance(attribute, str) else attribute[0])
        if "Fn::Sub" in value:
            pattern = value["Fn::Sub"] if isinstance(value["Fn::Sub"], str) else value["Fn::Sub"][0]
            found |= {name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", pattern)}
        return found

    def all_named(resource):
        depends_on = resource.get("DependsOn", [])
        found = named(resource.get("Properties", {})) | set(
            depends_on if isinstance(depends_on, list) else [depends_on]
        )
        return found & resources.keys()

    return {name: all_named(resource) for name, resource in resources.items()}


def cycle(graph):
    """The names along a cycle, if there is one."""
    done = set()

    def walk(name, way):
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return None
        for following in sorted(graph[name]):
            if found := walk(following, [*way, name]):
                return found
        done.add(name)
        return None

    return next((found for name in sorted(graph) if (found := walk(name, []))), None)


def policy_sizes(deployment):
    """How large the resource-based policy of each function is that Lambda makes of the permissions, in bytes."""
    sizes = {}
    for name, permission in deployment.of_type("AWS::Lambda::Permission").items():
        function = permission["FunctionName"]
        statement = {
            "Sid": f"{deployment.stack}-{name}-1ABCDEFGHIJKL",
            "Effect": "Allow",
            "Principal": {"Service": permission["Principal"]},
            "Action": permission["Action"],
            "Resource": f"arn:aws:lambda:{LONGEST_REGION}:123456789012:function:{function}",
            "Condition": {"ArnLike": {"AWS:SourceArn": permission["SourceArn"]}},
        }
        sizes[function] = sizes.get(function, 0) + len(json.dumps(statement))
    return sizes


def own_names(deployment):
    """The names that the template gives what it makes: logical id, type, property, name."""
    for name, resource in deployment.resources.items():
        properties = {**resource["Properties"], **resource["Properties"].get("Budget", {})}
        for key, value in properties.items():
            of_another = key == "FunctionName" and resource["Type"] != "AWS::Lambda::Function"
            if key.endswith("Name") and key not in NAMES_OF_OTHERS and not of_another:
                yield name, resource["Type"], key, value


def built_otherwise(template):
    """What stands in the way of `sam build`: each function is a program of its own folder, for the runtime that runs it."""
    common = template["Globals"]["Function"]
    if (common["Runtime"], common["Handler"]) != ("provided.al2023", "bootstrap"):
        yield f"runs {common['Handler']} under {common['Runtime']}"
    if common["Architectures"] != [{"Ref": "Architecture"}] or template["Parameters"]["Architecture"]["Default"] != "arm64":
        yield "is not for arm64 unless somebody says so"
    for name, resource in template["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        program = resource["Metadata"]["BuildProperties"]["Binary"]
        if resource["Metadata"]["BuildMethod"] != "rust-cargolambda":
            yield f"{name} is built by {resource['Metadata']['BuildMethod']}"
        if resource["Properties"]["CodeUri"].strip("/") != f"functions/{program}":
            yield f"{name} is {program} of {resource['Properties']['CodeUri']}"
        if not (expansion.ROOT / f"functions/{program}/src/main.rs").is_file():
            yield f"{name} has no program {program}"


def unknown_overrides(samconfig, template):
    """The parameters that samconfig.toml gives and that the template does not have."""
    for environment, commands in samconfig.items():
        given = commands.get("deploy", {}).get("parameters", {}) if isinstance(commands, dict) else {}
        for pair in given.get("parameter_overrides", "").split():
            name, _, value = pair.partition("=")
            allowed = template["Parameters"].get(name, {}).get("AllowedValues", [value])
            if name not in template["Parameters"] or value not in map(str, allowed):
                yield f"{environment}: {pair}"


class Shape(unittest.TestCase):
    def test_every_function_is_built_from_its_own_folder_for_the_runtime_that_runs_it(self):
        self.assertEqual(list(built_otherwise(expansion.read())), [])
        for change in (
            lambda template: template["Globals"]["Function"].update(Runtime="provided.al2"),
            lambda template: template["Parameters"]["Architecture"].update(Default="x86_64"),
            lambda template: template["Resources"]["ParFunction"]["Metadata"].update(BuildMethod="makefile"),
            lambda template: template["Resources"]["ParFunction"]["Properties"].update(CodeUri="functions/token/"),
        ):
            template = expansion.read()
            change(template)
            self.assertEqual(len(list(built_otherwise(template))), 1)

    def test_samconfig_gives_parameters_that_there_are(self):
        samconfig = tomllib.loads((expansion.ROOT / "samconfig.toml").read_text())
        self.assertLessEqual({"default", "local", "prod"}, samconfig.keys())
        self.assertEqual(list(unknown_overrides(samconfig, expansion.read())), [])
        self.assertIn("DeletionProtection=true", samconfig["prod"]["deploy"]["parameters"]["parameter_overrides"])
        samconfig["prod"]["deploy"]["parameters"]["parameter_overrides"] += " Retention=never Architecture=mips"
        self.assertEqual(len(list(unknown_overrides(samconfig, expansion.read()))), 2)

    def test_nothing_depends_on_itself(self):
        for way, parameters in expansion.WAYS.items():
            with self.subTest(way):
                self.assertIsNone(cycle(needs(expansion.expand(expansion.read(), parameters))))

    def test_an_address_of_the_api_in_a_functions_environment_would_be_found_as_a_cycle(self):
        template = expansion.read()
        properties = template["Resources"]["TokenFunction"]["Properties"]
        properties["Environment"] = {"Variables": {"ISSUER": {"Fn::Sub": "https://${Api}.execute-api.amazonaws.com"}}}
        found = cycle(needs(expansion.expand(template)))
        self.assertIsNotNone(found)
        self.assertLessEqual({"Api", "TokenFunction"}, set(found))

    def test_a_function_has_room_for_the_permissions_of_all_its_routes_under_the_longest_stack_name(self):
        self.assertEqual(len(expansion.LONGEST_STACK_NAME), 40)
        sizes = policy_sizes(expansion.Deployment(expansion.read(), stack=expansion.LONGEST_STACK_NAME))
        self.assertEqual(len(sizes), 13, "every function that answers requests")
        for function, size in sizes.items():
            with self.subTest(function):
                # One more is that of infra/http-api.yaml.
                self.assertLess(size + 600, LARGEST_POLICY)

    def test_too_many_routes_of_a_function_would_be_found(self):
        template = expansion.read()
        events = template["Resources"]["DiscoveryFunction"]["Properties"]["Events"]
        for number in range(50):
            events[f"More{number}"] = {
                "Type": "Api",
                "Properties": {"RestApiId": {"Ref": "Api"}, "Path": f"/more/{number}", "Method": "ANY"},
            }
        sizes = policy_sizes(expansion.Deployment(template, stack=expansion.LONGEST_STACK_NAME))
        self.assertGreater(max(sizes.values()), LARGEST_POLICY)

    def test_a_function_is_ended_after_its_requests_have_given_up_and_before_the_gateway_has(self):
        source = (expansion.ROOT / "shared/aws/src/deadline.rs").read_text()
        (seconds,) = re.findall(r"TIME_OF_A_REQUEST: Duration = Duration::from_secs\((\d+)\)", source)
        # Half a second of ours, a second for the call that takes back what was spent, and a start.
        least, gateways = int(seconds) + 1 + 1.5, 29
        functions = expansion.Deployment(expansion.read()).of_type("AWS::Lambda::Function")
        timeouts = {name: found["Timeout"] for name, found in functions.items() if name not in NOBODY_WAITS}
        self.assertGreaterEqual(len(timeouts), 9)
        for name, timeout in timeouts.items():
            with self.subTest(name):
                self.assertTrue(least <= timeout < gateways, timeout)

    def test_every_name_carries_the_stacks_and_is_not_too_long_with_the_longest(self):
        seen = set()
        for way, parameters in expansion.WAYS.items():
            deployment = expansion.Deployment(expansion.read(), parameters, expansion.LONGEST_STACK_NAME)
            for name, kind, key, value in own_names(deployment):
                with self.subTest(f"{way}, {name}.{key}"):
                    self.assertIn(deployment.stack, value)
                    longest = LONGEST_NAMES.get((kind, key))
                    self.assertIsNotNone(longest, f"how long may {kind}.{key} be?")
                    self.assertLessEqual(len(value), longest)
                    seen.add((kind, key))
        self.assertEqual(seen, set(LONGEST_NAMES))

    def test_how_long_a_stacks_name_may_be_is_told_before_it_is_deployed(self):
        told = f"{len(expansion.LONGEST_STACK_NAME)} characters at most"
        self.assertIn(told, expansion.read()["Description"])
        chapter = (expansion.ROOT / "README.md").read_text(encoding="utf-8").split("\n## Deploy it\n")[1].split("\n## ")[0]
        self.assertIn(told, " ".join(chapter.split()))

    def test_what_cannot_be_made_again_outlives_its_stack(self):
        resources = expansion.read()["Resources"]
        irreplaceable = {name for name, found in resources.items() if found["Type"] in IRREPLACEABLE} - {"ApiLogs"}
        retained = {
            name
            for name, found in resources.items()
            if found.get("DeletionPolicy") in RETAINING and found.get("UpdateReplacePolicy") == "Retain"
        }
        self.assertEqual(retained, irreplaceable)

    def test_what_a_first_deploy_that_failed_leaves_does_not_stand_in_the_next_ones_way(self):
        """A log group has a name that is given; a table's is made up, and its protection would make the way back fail."""
        for path in (expansion.PRODUCT, expansion.AUTHORIZER):
            for name, found in expansion.read(path)["Resources"].items():
                if found["Type"] in ("AWS::KMS::Key", "AWS::Logs::LogGroup"):
                    with self.subTest(f"{path.name}, {name}"):
                        self.assertIn(found.get("DeletionPolicy"), (None, "RetainExceptOnCreate"))
        self.assertEqual(expansion.read()["Resources"]["Table"]["DeletionPolicy"], "Retain")
        self.assertNotIn("TableName", expansion.read()["Resources"]["Table"]["Properties"])

    def test_every_parameter_and_output_says_what_it_is(self):
        for path in (expansion.PRODUCT, expansion.HTTP_API, expansion.AUDIT_ARCHIVE):
            template = expansion.read(path)
            for section in ("Parameters", "Outputs"):
                for name, found in template.get(section, {}).items():
                    with self.subTest(f"{path.name}, {name}"):
                        self.assertGreater(len(found.get("Description", "")), 10)

    def test_every_parameter_stands_in_one_group_of_the_consoles_form(self):
        template = expansion.read()
        groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        grouped = [name for group in groups for name in group["Parameters"]]
        self.assertEqual(sorted(grouped), sorted(template["Parameters"]))

    def test_every_path_takes_every_verb_so_that_the_function_answers_a_wrong_one(self):
        api = expansion.Deployment(expansion.read()).resources["Api"]["Properties"]
        for path, methods in api["Body"]["paths"].items():
            with self.subTest(path):
                self.assertEqual(list(methods), ["x-amazon-apigateway-any-method"])


if __name__ == "__main__":
    unittest.main()
