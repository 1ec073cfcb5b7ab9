"""The official Python client of MCP servers at one tool. It says in JSON, a line each, where the person has to go,
reads where they came back, and then does what it is told to."""

import argparse
import asyncio
import json
import sys
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata


class Memory:
    """Where the client keeps what it learns."""

    def __init__(self, registered):
        self.tokens = None
        self.client = None
        if registered:
            client_id, issuer = registered
            self.client = OAuthClientInformationFull(
                client_id=client_id, token_endpoint_auth_method="none", issuer=issuer
            )

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client_info):
        self.client = client_info


def say(**what):
    print(json.dumps(what), flush=True)


async def heard():
    """What stands on the next line, or nothing at the end."""
    line = await asyncio.to_thread(sys.stdin.readline)
    return json.loads(line) if line else None


def provider(arguments, memory):
    """All that an application has to bring."""

    async def send_the_person(address):
        # An application that knows more of the tool than the library does can say so here (RFC 9396).
        parts = urlsplit(address)
        query = {**dict(parse_qsl(parts.query)), **arguments.more, **arguments.at_first}
        arguments.at_first = {}
        say(sent_to=urlunsplit(parts._replace(query=urlencode(query))))

    async def wait_for_the_person():
        back = dict(parse_qsl(urlsplit((await heard())["came_back"]).query))
        return AuthorizationCodeResult(code=back.get("code", ""), state=back.get("state"), iss=back.get("iss"))

    return OAuthClientProvider(
        server_url=arguments.url,
        client_metadata=OAuthClientMetadata(client_name="Some MCP client", redirect_uris=[arguments.callback]),
        storage=memory,
        redirect_handler=send_the_person,
        callback_handler=wait_for_the_person,
        client_metadata_url=arguments.document,
    )


async def obey(client, auth, memory, what):
    if "tools" in what:
        return {"tools": [tool.name for tool in (await client.list_tools()).tools]}
    if "call" in what:
        result = await client.call_tool(what["call"], what["arguments"])
        return result.model_dump(by_alias=True, mode="json", exclude_none=True)
    if "expire" in what:
        auth.context.token_expiry_time = 1
        return {}
    return memory.tokens.model_dump(mode="json")


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--callback", required=True)
    parser.add_argument("--document")
    parser.add_argument("--registered", nargs=2, metavar=("CLIENT_ID", "ISSUER"))
    parser.add_argument("--more", type=json.loads, default={}, help="parameters of the authorization request")
    parser.add_argument("--at-first", type=json.loads, default={}, help="the same, for the first one alone")
    arguments = parser.parse_args()

    memory = Memory(arguments.registered)
    auth = provider(arguments, memory)
    async with create_mcp_http_client(auth=auth) as http:
        async with Client(streamable_http_client(arguments.url, http_client=http)) as client:
            say(client_id=memory.client.client_id)
            while what := await heard():
                try:
                    say(**await obey(client, auth, memory, what))
                except Exception as failure:  # noqa: BLE001: whatever it is, the test wants to know
                    say(failed=f"{type(failure).__name__}: {failure}")


if __name__ == "__main__":
    asyncio.run(main())
