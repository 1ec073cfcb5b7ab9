"""What the functions' source can do with the table and the keys, as far as that can be told by reading it.

A method of the store is found by its name, and which of DynamoDB's actions it comes to by what it calls in turn. Which
partitions it touches stands in `TOUCHES`, because only a person can tell.
"""

import re
from functools import cache

from expansion import ROOT

STORE = ROOT / "shared/store/src"

# The SDK's calls, as they stand in the code: `.get_item()`.
SDK = re.compile(
    r"\.(get_item|batch_get_item|query|scan|put_item|update_item|delete_item|batch_write_item|transact_write_items"
    r"|transact_get_items|execute_statement|batch_execute_statement)\(\)"
)

IN_A_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}

# Every method of the store that a function, a room or the operator's command calls: which partitions it touches, by action.
TOUCHES = {
    "apply": {"GetItem": ["CONFIGURATION"], "PutItem": ["SNAPSHOT", "CONFIGURATION"]},
    "are_registered": {"GetItem": ["SNAPSHOT", "DOCUMENT", "REGISTRATION"]},
    "all_checkpoints": {"Query": ["CHECKPOINTS"], "GetItem": ["CHECKPOINTED"]},
    "asks": {"GetItem": ["ASKS"]},
    "authorization": {"GetItem": ["AUTHORIZATION"]},
    "authorization_and_person": {"BatchGetItem": ["AUTHORIZATION", "PERSON"], "GetItem": ["AUTHORIZATION"]},
    "awaited_authorization": {"BatchGetItem": ["AUTHORIZATION"], "GetItem": ["AUTHORIZATION"]},
    "begin_session": {"PutItem": ["SESSION"]},
    "change_registration": {"GetItem": ["REGISTRATION"], "PutItem": ["REGISTRATION"]},
    "change_client_state": {"GetItem": ["CLIENT"], "PutItem": ["CLIENT"]},
    "client": {"GetItem": ["SNAPSHOT", "DOCUMENT", "REGISTRATION"]},
    "client_state": {"GetItem": ["CLIENT"]},
    "client_state_now": {"GetItem": ["CLIENT"]},
    "checkpoint_keys": {"GetItem": ["CHECKPOINTS"]},
    "clients_that_ask": {"Query": ["SNAPSHOT"]},
    "commit": {"PutItem": ["AUTHORIZATION"], "GetItem": ["AUTHORIZATION"]},
    "commit_invited": {"UpdateItem": ["INVITATION"], "PutItem": ["AUTHORIZATION"], "GetItem": ["AUTHORIZATION"]},
    "commit_or_take_back": {"PutItem": ["AUTHORIZATION"], "GetItem": ["AUTHORIZATION"]},
    "configuration": {"GetItem": ["CONFIGURATION"], "Query": ["SNAPSHOT"]},
    "count_ask": {"BatchGetItem": ["AUTHORIZATION", "CLIENT"], "PutItem": ["ASKS"], "GetItem": ["ASKS"]},
    "count_request": {"UpdateItem": ["LIMIT"]},
    "count_stranger": {"UpdateItem": ["LIMIT"]},
    "count_within": {"UpdateItem": ["LIMIT"]},
    "count_sign_in_attempt": {"PutItem": ["SIGN_IN"], "GetItem": ["SIGN_IN"]},
    "change_profile": {"GetItem": ["PERSON"], "PutItem": ["PERSON"], "UpdateItem": ["EMAIL", "PHONE"], "DeleteItem": ["EMAIL", "PHONE"]},
    "countersign": {"PutItem": ["AUTHORIZATION", "EVIDENCE", "HEADS", "PASSKEYS"], "GetItem": ["AUTHORIZATION"]},
    "create_person": {"PutItem": ["USER_NAME", "PERSON"], "UpdateItem": ["EMAIL", "PHONE"]},
    "delete_registration": {"DeleteItem": ["REGISTRATION"]},
    "end_by_refresh_token": {"UpdateItem": ["AUTHORIZATION"], "GetItem": ["AUTHORIZATION"]},
    "end_session": {"DeleteItem": ["SESSION"]},
    "end_sessions_of": {"Query": ["PERSON"], "DeleteItem": ["SESSION"]},
    "forget_consent": {"DeleteItem": ["CONSENTS"]},
    "forget_sign_in_attempts": {"DeleteItem": ["SIGN_IN"]},
    "go_back_to": {"GetItem": ["CONFIGURATION"], "PutItem": ["CONFIGURATION"]},
    "held_of": {
        "Query": ["PERSON"],
        "BatchGetItem": ["AUTHORIZATION", "PERSON", "CLIENT"],
        "GetItem": ["SNAPSHOT", "DOCUMENT", "REGISTRATION"],
    },
    "heads": {"Query": ["HEADS"]},
    "hops_of": {"Query": ["AUTHORIZATION"]},
    "invitation": {"GetItem": ["INVITATION"]},
    "invite": {"PutItem": ["INVITATION"], "GetItem": ["INVITATION"]},
    "keep_checkpoint": {"PutItem": ["CHECKPOINTS", "CHECKPOINTED"], "GetItem": ["CHECKPOINTS"]},
    "keep_document": {"PutItem": ["DOCUMENT"]},
    "keep_asks": {"PutItem": ["ASKS"], "GetItem": ["ASKS"]},
    "not_found_by": {"BatchGetItem": ["EMAIL", "PHONE"]},
    "let_be_found": {"GetItem": ["PERSON"], "PutItem": ["PERSON"], "UpdateItem": ["EMAIL", "PHONE"]},
    "place": {"GetItem": ["PLACE"]},
    "place_of_address": {"BatchGetItem": ["PLACE", "EMAIL"]},
    "keep_place": {"PutItem": ["PLACE"], "GetItem": ["PLACE"]},
    "free_places_of": {"Query": ["PERSON"], "GetItem": ["PLACE"], "PutItem": ["PLACE"]},
    "keep_devices_and_place": {"PutItem": ["DEVICES", "PLACE"]},
    "keep_devices": {"PutItem": ["DEVICES"], "GetItem": ["DEVICES"]},
    "keep_person_and_passkeys": {"PutItem": ["PERSON", "PASSKEYS"]},
    "keep_passkeys": {"PutItem": ["PASSKEYS"], "GetItem": ["PASSKEYS"]},
    "keep_user_code": {"PutItem": ["USER_CODE"], "GetItem": ["USER_CODE"]},
    "keep_details": {"PutItem": ["AUTHORIZATION", "TOKEN"]},
    "kept_approval": {"Query": ["APPROVAL"], "GetItem": ["EVIDENCE"]},
    "kept_approvals": {"Query": ["EVIDENCE"]},
    "kept_chain": {"GetItem": ["HEADS"], "Query": ["EVIDENCE"]},
    "key_ring": {"GetItem": ["KEYS"]},
    "may_still_name": {"GetItem": ["SNAPSHOT", "DOCUMENT", "REGISTRATION"]},
    "newest_checkpoints": {"Query": ["CHECKPOINTS"], "GetItem": ["CHECKPOINTED"]},
    "note_poll": {"UpdateItem": ["AUTHORIZATION"], "GetItem": ["AUTHORIZATION"]},
    "lets_stand": {"GetItem": ["SNAPSHOT", "DOCUMENT", "REGISTRATION", "CLIENT"]},
    "person_of": {"GetItem": ["PERSON", "SNAPSHOT", "DOCUMENT", "REGISTRATION", "CLIENT"]},
    "person_of_now": {"GetItem": ["SNAPSHOT", "DOCUMENT", "REGISTRATION"], "BatchGetItem": ["PERSON", "CLIENT"]},
    "person_and_devices": {"BatchGetItem": ["PERSON", "DEVICES"]},
    "person_and_passkeys": {"BatchGetItem": ["PERSON", "PASSKEYS"]},
    "person_to_tell": {"BatchGetItem": ["PERSON", "DEVICES", "ASKS"]},
    "people": {"Query": ["PEOPLE"], "GetItem": ["PERSON"]},
    "people_with_chains": {"Query": ["HEADS"]},
    "person": {"GetItem": ["PERSON"]},
    "approached": {
        "BatchGetItem": ["PERSON", "ASKS", "USER_CODE", "AUTHORIZATION", "TOKEN", "CLIENT"],
        "GetItem": ["AUTHORIZATION"],
    },
    "person_and_own_asks": {"BatchGetItem": ["PERSON", "ASKS"]},
    "approached_by_invitation": {
        "BatchGetItem": ["PERSON", "ASKS", "AUTHORIZATION", "TOKEN", "CLIENT"],
        "GetItem": ["AUTHORIZATION"],
    },
    "person_by_user_name": {"GetItem": ["USER_NAME", "PERSON"]},
    "person_ids": {"Query": ["PEOPLE"]},
    "person_hinted": {"GetItem": ["USER_NAME"], "BatchGetItem": ["USER_NAME", "EMAIL", "PHONE"]},
    "person_named": {"GetItem": ["USER_NAME"]},
    "record_hop": {"PutItem": ["AUTHORIZATION", "TOKEN"]},
    "register": {"GetItem": ["REGISTRATION"], "PutItem": ["REGISTRATION"]},
    "remember_consent": {"PutItem": ["CONSENTS"]},
    "remove_person": {
        "BatchGetItem": ["PERSON", "DEVICES"],
        "DeleteItem": ["USER_NAME", "PERSON", "DEVICES", "PASSKEYS", "USER_CODE", "ASKS", "EMAIL", "PHONE"],
        "UpdateItem": ["EMAIL", "PHONE"],
    },
    "remembered_consent": {"GetItem": ["CONSENTS"]},
    "remembered_consents": {"Query": ["CONSENTS"]},
    "replace_checkpoint_keys": {"PutItem": ["CHECKPOINTS"], "GetItem": ["CHECKPOINTS"]},
    "replace_key_ring": {"PutItem": ["KEYS"], "GetItem": ["KEYS"]},
    "requests_that_wait_for": {"Query": ["PERSON"], "BatchGetItem": ["AUTHORIZATION"], "GetItem": ["AUTHORIZATION"]},
    "revoke_access_token": {"PutItem": ["AUTHORIZATION", "TOKEN"]},
    "session": {"GetItem": ["SESSION"]},
    "sign_in_attempts": {"GetItem": ["SIGN_IN"]},
    "snapshot": {"GetItem": ["CONFIGURATION"], "Query": ["SNAPSHOT"]},
    "spend_assertion": {"PutItem": ["ASSERTION"], "GetItem": ["ASSERTION"]},
    "standing": {"BatchGetItem": ["AUTHORIZATION", "TOKEN", "PERSON", "CLIENT"], "GetItem": ["AUTHORIZATION"]},
    "standing_of_both": {"BatchGetItem": ["AUTHORIZATION", "TOKEN", "PERSON", "CLIENT"], "GetItem": ["AUTHORIZATION"]},
    "stranger": {"GetItem": ["DOCUMENT", "REGISTRATION"]},
    "stranger_now": {"GetItem": ["REGISTRATION"]},
    "to_countersign": {
        "BatchGetItem": ["AUTHORIZATION", "PERSON", "PASSKEYS", "HEADS"],
        "GetItem": ["AUTHORIZATION"],
    },
    "user_code": {"GetItem": ["USER_CODE"]},
    "update_person": {"PutItem": ["PERSON"], "GetItem": ["PERSON"]},
}


def code(path):
    """A Rust file without its comments and tests."""
    text = path.read_text(encoding="utf-8").split("#[cfg(test)]")[0]
    return re.sub(r"//.*", "", text)


@cache
def folder(name):
    """The code of a room or function, without its tests."""
    source = ROOT / name / "src"
    files = [path for path in source.rglob("*.rs") if "tests" not in path.relative_to(source).with_suffix("").parts]
    return "\n".join(code(path) for path in sorted(files))


@cache
def rooms(function):
    """Which rooms of `shared/` a function depends on."""
    manifest = (ROOT / "functions" / function / "Cargo.toml").read_text(encoding="utf-8")
    return re.findall(r"^([a-z-]+) = \{ workspace = true", manifest.split("[dependencies]")[1], re.MULTILINE)


@cache
def bodies():
    """The store's functions: name and code."""
    found = {}
    for path in sorted(STORE.glob("*.rs")):
        parts = re.split(r"\bfn (\w+)", code(path))
        for name, body in zip(parts[1::2], parts[2::2]):
            found[name] = found.get(name, "") + body
    return found


def public_methods():
    text = "\n".join(code(path) for path in sorted(STORE.glob("*.rs")))
    return set(re.findall(r"^    pub async fn (\w+)", text, re.MULTILINE))


def reached(method, seen=frozenset()):
    """The methods of the store that one comes to, itself included."""
    body = bodies()[method]
    called = set(re.findall(r"\bself\s*\.\s*(\w+)\s*(?:::<[^>]*>)?\(", body)) & bodies().keys()
    seen = seen | {method}
    for name in called - seen:
        seen = reached(name, seen)
    return seen


def actions(method):
    """Which actions of DynamoDB a method of the store comes to."""
    text = "\n".join(bodies()[name] for name in reached(method))
    own = {"".join(part.title() for part in call.split("_")) for call in SDK.findall(text)}
    if "TransactWriteItems" in own:
        # IAM asks for the rights of what is in a transaction, and knows none on transactions.
        own = own - {"TransactWriteItems"} | {action for part, action in IN_A_TRANSACTION.items() if f"{part}::" in text}
    return own


@cache
def partitions():
    """How every partition key of the table begins: `AUTHORIZATION#…`, or the whole of it: `KEYS`."""
    text = "\n".join(code(path) for path in sorted(STORE.glob("*.rs")))
    named = re.findall(r'Key::new\(\s*(?:format!\()?"([A-Z_]+)(#?)', text)
    # Those that are put together before: `let pk = format!("SNAPSHOT#…`, `fn partition(…) { format!("CONSENTS#…`, and of the index
    # `fn owner(…) { format!("APPROVAL#…`.
    named += re.findall(r'let pk = format!\("([A-Z_]+)(#)', text)
    named += re.findall(r'fn (?:partition|owner)\([^)]*\) -> String \{\s*format!\("([A-Z_]+)(#)', text)
    # Partitions of the index, named by a constant: `self.owned(PEOPLE, "")`.
    owners = set(re.findall(r"\bself\.owned\((\w+),", text))
    named += [(value, "") for name, value in re.findall(r'const (\w+): &str = "(\w+)";', text) if name in owners]
    return {name: f"{name}#*" if hash_sign else name for name, hash_sign in named}


def calls(name):
    """Which methods of the store a room or function calls."""
    return called_in(folder(name))


def called_in(text):
    return set(re.findall(r"\bstore\s*\.\s*(\w+)\s*(?:::<[^>]*>)?\(", text)) & public_methods()


def by_index(method):
    """Whether a method's queries go by the index."""
    return "self.owned(" in bodies()[method]


def rights(methods):
    """What methods of the store need: action and partition."""
    return {
        (f"dynamodb:{action}", partitions()[name])
        for method in methods
        for action, names in TOUCHES.get(method, {}).items()
        for name in names
    }


def together(method):
    """Which partitions a method of the store touches in one call, by the action: what a transaction writes, what a batch reads."""
    text = "\n".join(bodies()[name] for name in reached(method))
    is_transaction = ".transact_write_items()" in text
    in_one_call = {"BatchGetItem", *(IN_A_TRANSACTION.values() if is_transaction else ())}
    return {
        f"dynamodb:{action}": {partitions()[name] for name in names}
        for action, names in TOUCHES[method].items()
        if action in in_one_call and len(names) > 1
    }


def own(function):
    """What a function does with the table itself, or by having a client prove who it is."""
    proof = calls("shared/admission") if spends_assertions(function) else set()
    if f"/{function}" not in limited():
        proof = proof - {"count_request", "count_stranger"}
    # Not everybody who lets a client in has it show a token.
    if not re.search(r"\.(good_token(_beside)?|shown_actor)\(", folder(f"functions/{function}")):
        proof = proof - {"standing", "standing_of_both"}
    if ".bearer(" in folder(f"functions/{function}"):
        proof = proof | {"standing", "client"}
    documents = calls("shared/documents") if "documents" in rooms(function) else set()
    return rights(calls(f"functions/{function}") | proof | documents | of_people(function) | of_tokens(function))


# What a room does with the table for a function that calls this of it.
OF_PEOPLE = {"check_password": "credentials", "change_asks": "asks", "change_passkeys": "passkeys", "renew_session": "renewal"}


def of_tokens(function):
    """What a function has done with the table where it makes tokens."""
    if "issuing" not in rooms(function):
        return set()
    # Details are kept beside a grant where a token has less than the whole of them.
    narrows = "::of_grant(" in folder(f"functions/{function}")
    return calls("shared/issuing") - (set() if narrows else {"keep_details"})


def of_people(function):
    """What a function has done with the table where it receives people."""
    named = [file for method, file in OF_PEOPLE.items() if f".{method}(" in folder(f"functions/{function}")]
    return set().union(*(called_in(code(ROOT / f"shared/reception/src/{file}.rs")) for file in named))


@cache
def limited():
    """The endpoints at which a client's requests are counted."""
    listed = re.search(r"const LIMITED: [^=]*= \[([^\]]*)\]", folder("shared/admission"))
    return re.findall(r'"([^"]+)"', listed[1])


def possible(function):
    """What a function may come to, in the rooms that it begins in too."""
    begin = [f"shared/{room}" for room in rooms(function) if room in ("admission", "documents", "issuing", "reception", "keys")]
    return rights(calls(f"functions/{function}").union(*map(calls, begin)))


def opens_the_server_secret(function):
    """Whether the function asks for the server's secret, or answers with pages, which begin with it."""
    return bool(re.search(r"\.server_secret\(\)|\breceive\(", folder(f"functions/{function}")))


def spends_assertions(function):
    """Whether clients prove who they are to it."""
    return ".authenticate(" in folder(f"functions/{function}")


def signs(function):
    made_of = [f"functions/{function}", *(["shared/issuing"] if "issuing" in rooms(function) else [])]
    return any(re.search(r"\bkeys\s*\.\s*sign\(", folder(name)) for name in made_of)


def makes_keys(function):
    return "Rotation::new(" in folder(f"functions/{function}")
