"""Each function may do what it does, and no more."""

import unittest

import expansion
import rights
import source

# What a function may do with the table at all. There is neither Scan nor PartiQL among it, which would pass by the
# condition on partitions, and nothing that changes the table itself.
ON_THE_TABLE = {
    f"dynamodb:{action}"
    for action in ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")
}
# The stream is no part of the table: it has its own rights.
ON_THE_STREAM = {f"dynamodb:{action}" for action in ("DescribeStream", "GetShardIterator", "GetRecords", "ListStreams")}
READS = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
WRITES = ON_THE_TABLE - READS
MAKING_KEYS = [
    "CreateKey",
    "TagResource",
    "GetPublicKey",
    "DisableKey",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateDataKeyPairWithoutPlaintext",
]


def planted(role, statement):
    """The template with one more statement in a role."""
    template = expansion.read()
    template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].append(
        {"Effect": "Allow", "Resource": {"Fn::GetAtt": ["Table", "Arn"]}, **statement}
    )
    return expansion.Deployment(template)


def of_table(statements):
    """Action, partition and statement of all that is allowed on the table."""
    for statement in statements:
        for action in statement.all("Action"):
            if action.startswith("dynamodb:") and action not in ON_THE_STREAM:
                for partition in statement.partitions or [None]:
                    yield action, partition, statement


def wrong_on_the_table(deployment):
    """What is allowed on the table and should not be, whoever it is."""
    begin = set(source.partitions().values())
    for function, statements in rights.of_function(deployment).items():
        for action, partition, statement in of_table(statements):
            if action not in ON_THE_TABLE:
                yield f"{function}: {action}"
            if partition not in begin:
                yield f"{function}: {statement.sid or action} on {partition or 'every partition'}"
            if action in WRITES and partition in ("CONFIGURATION", "SNAPSHOT#*"):
                yield f"{function}: writes {partition}"
            if action in WRITES and partition == "KEYS" and function != "rotation":
                yield f"{function}: writes {partition}"


def superfluous(deployment):
    """What a role has and its function has no use for, beside what all of them may."""
    for function, statements in rights.of_function(deployment).items():
        possible = source.possible(function)
        readable = {partition for action, partition in possible if action in READS}
        actions = {action for action, _ in possible}
        for action, partition, statement in of_table(statements):
            if statement.resource == "Basics":
                continue
            known = partition in readable if action in READS else (action, partition) in possible
            if action not in actions or not known:
                yield f"{function}: {action} on {partition}"


def torn(statements):
    """What is allowed in parts and what the store does in one call, and no one statement allows whole. A condition on all keys
    (`ForAllValues`) is judged for each statement by itself, so that two of them, each with a part of the keys, may come to none."""
    for method in sorted(source.TOUCHES):
        for action, wanted in source.together(method).items():
            allowing = [
                set(statement.partitions)
                for statement in statements
                if statement.allows and statement.partitions and action in statement.all("Action")
            ]
            if wanted <= set().union(*allowing) and not any(wanted <= partitions for partitions in allowing):
                yield f"{method}: {action} on {sorted(wanted)}"


class TheTable(unittest.TestCase):
    def test_every_right_on_it_names_partitions_that_exist_and_none_reads_or_changes_all_of_it(self):
        for way, deployment in expansion.ways().items():
            with self.subTest(way):
                self.assertEqual(list(wrong_on_the_table(deployment)), [])

    def test_a_planted_right_on_all_of_it_on_a_partition_that_is_not_there_or_on_what_operators_write_is_found(self):
        def on(partition):
            return {"Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [partition]}}}

        for statement, told in [
            ({"Action": "dynamodb:GetItem"}, "par: dynamodb:GetItem on every partition"),
            ({"Action": "dynamodb:Scan", **on("CLIENT#*")}, "par: dynamodb:Scan"),
            ({"Action": "dynamodb:PartiQLSelect", **on("CLIENT#*")}, "par: dynamodb:PartiQLSelect"),
            ({"Action": "dynamodb:DeleteTable", **on("CLIENT#*")}, "par: dynamodb:DeleteTable"),
            ({"Action": "dynamodb:GetItem", **on("CLIENTS#*")}, "par: dynamodb:GetItem on CLIENTS#*"),
            ({"Action": "dynamodb:GetItem", **on("*")}, "par: dynamodb:GetItem on *"),
            ({"Action": "dynamodb:PutItem", **on("CONFIGURATION")}, "par: writes CONFIGURATION"),
            ({"Action": "dynamodb:DeleteItem", **on("SNAPSHOT#*")}, "par: writes SNAPSHOT#*"),
            ({"Action": "dynamodb:UpdateItem", **on("KEYS")}, "par: writes KEYS"),
        ]:
            with self.subTest(told):
                self.assertIn(told, list(wrong_on_the_table(planted("ParRole", statement))))

    def test_only_rotation_writes_the_key_ring(self):
        writers = {
            function
            for function, statements in rights.of_function(expansion.Deployment(expansion.read())).items()
            for action, partition, _ in of_table(statements)
            if action in WRITES and partition == "KEYS"
        }
        self.assertEqual(writers, {"rotation"})


class AFunctionsSource(unittest.TestCase):
    """The tests below rest on this."""

    def test_it_is_known_what_each_method_of_the_store_touches_that_a_function_or_room_calls(self):
        folders = [f"functions/{name}" for name in expansion.functions()]
        folders += [f"shared/{room}" for room in ("admission", "documents", "issuing", "reception", "keys")]
        called = set().union(*map(source.calls, [*folders, "infra/cli"]))
        self.assertEqual(called, set(source.TOUCHES))

    def test_the_actions_that_are_known_of_a_method_are_those_that_its_source_comes_to(self):
        for method, touched in source.TOUCHES.items():
            with self.subTest(method):
                self.assertEqual(set(touched), source.actions(method))


class AFunction(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.deployment = expansion.Deployment(expansion.read())
        cls.of_function = rights.of_function(cls.deployment)

    def holders(self, action):
        return {
            name
            for name, statements in self.of_function.items()
            for statement in statements
            if action in statement.all("Action")
        }

    def openers(self, purpose):
        """Who may open what was sealed for a purpose."""
        return {
            name
            for name, statements in self.of_function.items()
            for statement in statements
            if "kms:Decrypt" in statement.all("Action")
            and statement.condition["StringEquals"]["kms:EncryptionContext:countersign"] == purpose
        }

    def names(self, told):
        return {name for name in self.of_function if told(name)}

    def test_there_is_one_for_each_folder_of_functions(self):
        # It is the tools' and has a template of its own.
        self.assertEqual(set(self.of_function), expansion.functions() - {"authorizer"})

    def test_each_has_a_role_of_its_own_that_nobody_else_can_take(self):
        roles = rights.roles(self.deployment)
        self.assertEqual(len(set(roles.values())), len(self.of_function))
        for name, role in roles.items():
            with self.subTest(name):
                properties = self.deployment.resources[role]["Properties"]
                (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
                self.assertEqual(trust["Principal"], {"Service": "lambda.amazonaws.com"})

    def test_no_two_roles_share_a_policy_but_what_every_function_may(self):
        ours = {self.deployment.resolve({"Ref": name}): name for name in self.deployment.of_type("AWS::IAM::ManagedPolicy")}
        attached = {
            ours[arn]
            for role in self.deployment.of_type("AWS::IAM::Role").values()
            for arn in role.get("ManagedPolicyArns", [])
        }
        self.assertEqual(attached, {"Basics"})
        self.assertEqual(list(self.deployment.of_type("AWS::IAM::Policy")), [])

    def test_it_may_do_on_the_table_what_its_source_does(self):
        for function, statements in self.of_function.items():
            with self.subTest(function):
                allowed = {(action, partition) for action, partition, _ in of_table(statements)}
                self.assertEqual(source.own(function) - allowed, set())

    def test_it_may_do_nothing_on_the_table_for_which_its_source_has_no_use(self):
        self.assertEqual(list(superfluous(self.deployment)), [])

    def test_what_the_store_does_in_one_call_one_statement_allows(self):
        of_policy = {name: rights.held_by(self.deployment, name) for name in ("Operator", "Auditor")}
        for holder, statements in {**self.of_function, **of_policy}.items():
            with self.subTest(holder):
                self.assertNotEqual(statements, [])
                self.assertEqual(list(torn(statements)), [])

    def test_a_transaction_and_a_batch_whose_keys_two_statements_share_would_be_found(self):
        self.assertEqual(source.together("register"), {})
        signed = {"AUTHORIZATION#*", "EVIDENCE#*", "HEADS#*", "PASSKEYS#*"}
        self.assertEqual(source.together("countersign"), {"dynamodb:PutItem": signed})
        for role, action, partition, told in [
            ("ApprovalRole", "dynamodb:PutItem", "EVIDENCE#*", f"countersign: dynamodb:PutItem on {sorted(signed)}"),
            ("NotifyRole", "dynamodb:BatchGetItem", "ASKS#*", "person_to_tell: dynamodb:BatchGetItem on ['ASKS#*', 'DEVICES#*', 'PERSON#*']"),
        ]:
            with self.subTest(role):
                template = expansion.read()
                statements = template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
                (whole,) = [each for each in statements if action in each["Action"]]
                whole["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"].remove(partition)
                statements.append(
                    {**whole, "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [partition]}}}
                )
                held = rights.held_by(expansion.Deployment(template), role)
                self.assertIn(told, list(torn(held)))

    def test_a_planted_right_that_its_source_has_no_use_for_is_found(self):
        condition = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["SESSION#*"]}}
        for action in ("GetItem", "PutItem", "DeleteItem"):
            with self.subTest(action):
                template = planted("UserinfoRole", {"Action": f"dynamodb:{action}", "Condition": condition})
                self.assertIn(f"userinfo: dynamodb:{action} on SESSION#*", list(superfluous(template)))

    def test_only_what_clients_prove_themselves_to_spends_assertions(self):
        spenders = {
            name
            for name, statements in self.of_function.items()
            for action, partition, _ in of_table(statements)
            if (action, partition) == ("dynamodb:PutItem", "ASSERTION#*")
        }
        self.assertEqual(spenders, self.names(source.spends_assertions))

    def test_only_what_signs_tokens_or_certificates_may_sign_or_open_a_signing_key(self):
        self.assertEqual(self.names(source.signs), {"notify", "token"})
        self.assertEqual(self.holders("kms:Sign"), {"notify", "token", "rotation"})
        self.assertEqual(self.openers("signing-key"), {"notify", "token", "rotation"})

    def test_rotation_signs_with_rsa_keys_of_its_deployment_alone(self):
        checkpoints, tokens = [held for held in self.of_function["rotation"] if "kms:Sign" in held.all("Action")]
        wanted = {
            "aws:ResourceTag/countersign-deployment": self.deployment.stack,
            "kms:SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256",
        }
        self.assertEqual(tokens.condition, {"StringEquals": wanted})
        of_checkpoints = {
            "aws:ResourceTag/countersign-checkpoints": self.deployment.stack,
            "kms:SigningAlgorithm": "ECDSA_SHA_256",
        }
        self.assertEqual(checkpoints.condition, {"StringEquals": of_checkpoints})

    def test_only_rotation_signs_checkpoints_and_keeps_them(self):
        tagged = "aws:ResourceTag/countersign-checkpoints"
        users = {
            name
            for name, statements in self.of_function.items()
            for statement in statements
            if tagged in statement.condition.get("StringEquals", {})
        }
        self.assertEqual(users, {"rotation"})
        self.assertEqual(self.openers("checkpoint-key"), {"rotation"})
        writers = {
            name
            for name, statements in self.of_function.items()
            for action, partition, _ in of_table(statements)
            if action in WRITES and partition in ("CHECKPOINTS", "CHECKPOINTED#*")
        }
        self.assertEqual(writers, {"rotation"})

    def test_rotation_reads_the_heads_of_chains_and_no_approval_and_writes_neither(self):
        of_chains = {
            (action, partition)
            for action, partition, _ in of_table(self.of_function["rotation"])
            if partition in ("HEADS#*", "EVIDENCE#*")
        }
        self.assertEqual(of_chains, {("dynamodb:Query", "HEADS#*")})

    def test_only_notify_follows_the_table(self):
        for action in (*ON_THE_STREAM, "sqs:ReceiveMessage"):
            with self.subTest(action):
                self.assertEqual(self.holders(action), {"notify"})

    def test_only_notify_and_the_page_of_devices_reach_people_and_that_page_alone_enrols_them(self):
        self.assertEqual(self.holders("sns:Publish"), {"account", "notify"})
        for action in ("Subscribe", "Unsubscribe", "CreatePlatformEndpoint", "SetEndpointAttributes"):
            with self.subTest(action):
                self.assertEqual(self.holders(f"sns:{action}"), {"account"})

    def test_only_what_asks_for_the_servers_secret_may_open_it(self):
        self.assertEqual(self.openers("server-secret"), self.names(source.opens_the_server_secret))

    def test_what_is_sealed_is_opened_for_its_purpose_and_deployment_alone(self):
        for name, statements in self.of_function.items():
            for statement in statements:
                if "kms:Decrypt" in statement.all("Action"):
                    with self.subTest(f"{name}, {statement.sid}"):
                        wanted = statement.condition["StringEquals"]
                        self.assertEqual(wanted["kms:EncryptionContext:deployment"], self.deployment.stack)
                        self.assertIn("kms:EncryptionContext:countersign", wanted)

    def test_only_rotation_makes_and_retires_keys(self):
        self.assertEqual(self.names(source.makes_keys), {"rotation"})
        for action in MAKING_KEYS:
            with self.subTest(action):
                self.assertEqual(self.holders(f"kms:{action}"), {"rotation"})

    def test_rotation_tags_signing_keys_with_its_own_tag_alone_and_none_of_another_deployment(self):
        tags = ["countersign-checkpoints", "countersign-deployment"]
        tagging = [held for held in self.of_function["rotation"] if "kms:TagResource" in held.all("Action")]
        self.assertEqual(len(tagging), len(tags))
        for tag, other, statement in zip(tags, reversed(tags), tagging):
            with self.subTest(tag):
                own = {f"aws:RequestTag/{tag}": self.deployment.stack}
                self.assertEqual(statement.condition["StringEquals"], own)
                self.assertEqual(statement.condition["ForAllValues:StringEquals"], {"aws:TagKeys": [tag]})
                # A key that is being made has neither yet.
                where_it_has_one = {"kms:KeyUsage": "SIGN_VERIFY", f"aws:ResourceTag/{tag}": self.deployment.stack}
                self.assertEqual(statement.condition["StringEqualsIfExists"], where_it_has_one)
                # One with both would sign tokens and checkpoints.
                self.assertEqual(statement.condition["Null"], {f"aws:ResourceTag/{other}": "true"})

    def test_none_may_delete_a_key_or_change_who_may_use_it(self):
        held = {
            action.lower()
            for statements in self.of_function.values()
            for statement in statements
            for action in statement.all("Action")
        }
        known = {f"kms:{action}".lower() for action in ("Sign", "Decrypt", *MAKING_KEYS)}
        self.assertEqual({action for action in held if action.startswith("kms:")}, known)


if __name__ == "__main__":
    unittest.main()
