"""The statements of every policy in a deployment: who may do what on what, and under which condition."""

from dataclasses import dataclass

# What AWS keeps itself and a function needs inside a network: it makes and gives back the network interfaces.
NETWORK_POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"


@dataclass(frozen=True)
class Statement:
    """One statement of a policy."""

    resource: str
    """The logical id of the resource whose policy it is in."""
    kind: str
    """That resource's type."""
    body: dict

    @property
    def sid(self):
        return self.body.get("Sid", "")

    @property
    def allows(self):
        return self.body["Effect"] == "Allow"

    @property
    def condition(self):
        return self.body.get("Condition", {})

    def all(self, part):
        """The values of `Action`, `Resource` or `NotAction`, however many there are."""
        found = self.body.get(part, [])
        return list(found) if isinstance(found, list) else [found]

    @property
    def principals(self):
        found = self.body.get("Principal", {})
        if not isinstance(found, dict):
            return [found]
        return [name for names in found.values() for name in (names if isinstance(names, list) else [names])]

    @property
    def partitions(self):
        """Which partitions of the table it reaches; `None` when it does not say."""
        return self.condition.get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys")

    def __str__(self):
        return f"{self.resource}, statement {self.sid or self.body}"


def policies(deployment):
    """Every policy document, wherever it stands: of roles, keys, buckets, queues, of an API inside its body."""
    for name, resource in deployment.resources.items():
        for document in documents(resource["Properties"]):
            yield name, resource["Type"], document


def documents(value):
    if isinstance(value, dict):
        if "Statement" in value:
            yield value
        for found in value.values():
            yield from documents(found)
    elif isinstance(value, list):
        for found in value:
            yield from documents(found)


def statements(deployment):
    for name, kind, document in policies(deployment):
        found = document["Statement"]
        for body in found if isinstance(found, list) else [found]:
            yield Statement(name, kind, body)


def held_by(deployment, resource):
    """The statements of one resource's policies."""
    return [statement for statement in statements(deployment) if statement.resource == resource]


def functions(deployment):
    """The functions: the name that the template gives each, and its properties."""
    for properties in deployment.of_type("AWS::Lambda::Function").values():
        yield properties["FunctionName"].removeprefix(f"{deployment.stack}-"), properties


def roles(deployment):
    """The logical id of each function's role, by the function's name."""
    named = {deployment.resolve({"Fn::GetAtt": [role, "Arn"]}): role for role in deployment.of_type("AWS::IAM::Role")}
    return {name: named[properties["Role"]] for name, properties in functions(deployment)}


def of_function(deployment):
    """What each function may do, by its name: the statements of its role and of the policies attached to that."""
    of_resource = {}
    for statement in statements(deployment):
        if "Principal" not in statement.body:
            of_resource.setdefault(statement.resource, []).append(statement)
    attached = {
        deployment.resolve({"Ref": policy}): policy for policy in deployment.of_type("AWS::IAM::ManagedPolicy")
    }
    found = {}
    for name, role in roles(deployment).items():
        arns = deployment.of_type("AWS::IAM::Role")[role].get("ManagedPolicyArns", [])
        own = [role, *(attached[arn] for arn in arns if arn in attached)]
        found[name] = [statement for resource in own for statement in of_resource.get(resource, [])]
    return found
