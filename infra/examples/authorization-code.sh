#!/usr/bin/env bash
# Authorization code (OAuth 2.1, section 4.1): a pushed request (RFC 9126) for one file (RFC 9396), PKCE, consent, tokens.
# Needs curl, openssl, and a server: cargo run
set -euo pipefail

issuer=${ISSUER:-http://localhost:8690}
data=${DATA:-.countersign}
client=finance-agent
secret=$(sed -n "s/.*\"secret of $client\": *\"\([^\"]*\)\".*/\1/p" "$data/secrets.json")
redirect_uri=http://127.0.0.1:7777/callback
details='[{"type":"file_access","locations":["https://files.internal.corp/finance"],"actions":["read"],"identifier":"Q4-report.pdf"}]'

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
member() { grep -o "\"$1\":\"[^\"]*\"" | cut -d'"' -f4; }                # of a JSON answer
parameter() {                                                            # of the address that the browser ended at
    local encoded=$(sed -n "s/.*[?&]$1=\([^&#]*\).*/\1/p" <<<"$answer")
    printf '%b' "${encoded//%/\\x}"
}

# 1. Push the request. The verifier stays here; its hash goes along.
verifier=$(openssl rand 32 | base64url)
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | base64url)
state=$(openssl rand 16 | base64url)
pushed=$(curl -sS --fail-with-body -u "$client:$secret" "$issuer/par" \
    -d response_type=code -d "redirect_uri=$redirect_uri" -d "state=$state" \
    -d "code_challenge=$challenge" -d code_challenge_method=S256 \
    -d 'scope=files.access offline_access' -d resource=https://files.internal.corp \
    --data-urlencode "authorization_details=$details" \
    --data-urlencode "purpose=Summarise the fourth quarter for Monday's board meeting.")
echo "$pushed"

# 2. The person decides in a browser.
echo
echo "Open this page and sign in; the server printed user name and password when it started:"
echo
echo "  $issuer/authorize?client_id=$client&request_uri=$(member request_uri <<<"$pushed" | sed 's/:/%3A/g')"
echo
echo "Nobody listens at $redirect_uri: the browser will say so. Paste the address that it shows then:"
read -r answer

# 3. Is it the answer to this request (state), from this server (iss, RFC 9207), and a yes?
[[ $(parameter state) == "$state" ]] || { echo "the answer belongs to another request" >&2; exit 1; }
[[ $(parameter iss) == "$issuer" ]] || { echo "the answer comes from another server" >&2; exit 1; }
code=$(parameter code)
[[ -n $code ]] || { echo "no approval: $(parameter error)" >&2; exit 1; }

# 4. Redeem the code.
curl -sS --fail-with-body -u "$client:$secret" "$issuer/token" \
    -d grant_type=authorization_code -d "code=$code" -d "redirect_uri=$redirect_uri" -d "code_verifier=$verifier"
echo
