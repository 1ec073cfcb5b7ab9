### English. Text, { $variables } and choices only: see the languages crate.

## Grammar

list-pair = { $first } and { $second }
list-more = { $first }, { $second }
list-rest = { $count } more
decimal-point = .
span-days = { $count } { $count ->
    [one] day
   *[other] days
}
span-hours = { $count } { $count ->
    [one] hour
   *[other] hours
}
span-minutes = { $count } { $count ->
    [one] minute
   *[other] minutes
}
span-seconds = { $count } { $count ->
    [one] second
   *[other] seconds
}
span-pair = { $first } { $second }
span-nothing = no time
month = { $number ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
date = { $day } { $month } { $year }
time-of-day = { $hour }:{ $minute }
moment = { $date }, { $time } ({ $zone })

## Every page

window-title = { $page } – { $brand }
window-title-with-problem = Problem: { $page } – { $brand }
signed-in-as = Signed in as { $name } ({ $user })
problem-too-many-attempts = Too many attempts. Try again in { $wait }.

## Sign in

sign-in-title = Sign in
sign-in-lead = Sign in to continue to { $client }.
sign-in-lead-alone = Sign in to your account.
sign-in-lead-approval = Sign in to see what waits for your answer.
sign-in-again = { $client } asks you to sign in once more, to be sure that it is you.
user-name = User name
password = Password
sign-in-button = Sign in
problem-wrong-user-name-or-password = The user name or password is not right.
sign-in-with-passkey = Use a passkey
sign-in-takes-passkey = This takes a passkey. If you have none, make one on the page of your account first, or ask whoever looks after your account.
problem-passkey-refused = You could not be signed in with this passkey. Try another one, or another way.
problem-passkey-too-late = That took too long. Please try again.
problem-passkey-copied = This passkey was refused: there may be a copy of it. Sign in another way, and remove it. If you have no other way, ask whoever looks after your account.
passkey-needs-script = Passkeys need JavaScript, which is switched off in this browser.
passkey-unsupported = This browser knows no passkeys.
passkey-failed = Nothing came of it: it was cancelled, took too long, or there is no passkey for this site here.

## Consent

consent-title = { $client } asks for access
consent-client-id = Client id { $id }
consent-returns-to = You will go back to { $host }
consent-not-vouched-for = Nobody vouches for this client
consent-not-vouched-for-explained = It chose its name itself, and nobody here has checked who is behind it. Go on only if you have just started it yourself.
consent-on-this-machine = It waits for the answer on this device, where any program can pretend to be it.
consent-switch = Not you?
consent-switch-explained = Sign in as someone else
consent-purpose = The agent says:
consent-purpose-note = These are the agent’s own words. Nobody has checked them.
consent-choose = Choose what you allow
consent-nothing-to-choose = This is what it asks for
consent-scopes = About you and the way it works
consent-exact = Exact request
consent-item = , item { $number }
consent-not-yours = You cannot allow this: you do not have it yourself
consent-always = Always part of this
consent-lifetime = How long
consent-once = Each token lives { $span }, and the access ends with it.
consent-renewable = Each token lives { $span }. The agent can renew it until { $until }.
consent-remember = Do not ask me again for exactly this
consent-approve = Approve
consent-deny = Deny
problem-nothing-chosen = Nothing is chosen. Choose at least one item, or deny.
scope-openid = Know who you are when you sign in
scope-profile = See your name and your profile
scope-email = See your e-mail address
scope-address = See your postal address
scope-phone = See your telephone number
scope-groups = See which groups you belong to
scope-devices = Tell this phone when an agent asks you something
scope-offline_access = Go on working while you are away
scope-described = { $description }
scope-unknown = Use the permission { $scope }

## Approval

countersign-title = Sign what { $client } may do
countersign-lead = This is all of it. Read it, then sign with your passkey: it counts for exactly these words.
countersign-allowed = You allow
countersign-not-allowed = You do not allow
countersign-at = At
countersign-tool = { $tool } ({ $resource })
countersign-shown = Shown to you
countersign-number = Number you picked
countersign-sign = Approve with a passkey
countersign-explained = What you read here is kept with your signature, so that anybody can check later what you approved.
problem-countersign-too-late = That took too long, or the request has changed. Nothing is decided. Read it again and approve once more.
problem-countersign-no-passkey = This takes a passkey, and you have none. Nothing is decided. Make one on the page of your account, then come back.
problem-countersign-other-text = What was sent is not what was shown to you. Nothing is decided. Read it again and approve once more.
problem-countersign-not-verified = Your device did not check that it was you. Nothing is decided. Use your fingerprint, your face or your PIN.
problem-countersign-not-theirs = This is no passkey of your account, or not any more. Nothing is decided. Use another one.
problem-countersign-copied = This passkey was refused: there may be a copy of it. Nothing is decided. Remove it on the page of your account, and use another one.
problem-countersign-refused = Your device’s answer was not good. Nothing is decided. Try again.
approval-title = { $client } asks for your approval
approval-lead = Approve only what you yourself have just asked an agent to do.
approval-compare = Compare it with what the agent shows you
approval-compare-explained = Deny if the agent shows anything else, or if you see no agent at all.
approval-nothing-to-compare = The agent gives you nothing to compare. Deny if you are not sure where this comes from.
approval-waits = { $client } has stopped here and waits for you: it does exactly this with your yes, once, and nothing without it. Deny if you have set nothing of the kind in motion.
approval-through = What you asked for came here through { $clients }.
approval-in-whose-name = In the name of
approval-person = { $name } ({ $user })
approval-asked = Asked
approval-until = Answer until
approval-actor = { $actor } ({ $id }) would act in your name. { $client } passes its request on.
approval-number = Which number does the agent show you?
approval-number-explained = Pick it to approve. Any other number denies the request.
problem-number-not-picked = Pick the number that the agent shows you, or deny.
approval-not-me = This was not me
approval-not-me-explained = Denies it, and this agent cannot ask you again until you allow it on your account page.
problem-answer-not-taken = Your answer did not reach us, and nothing is decided yet. Please answer once more.
waiting-title = What waits for your answer
waiting-nothing = Nothing waits for your answer.
waiting-until = Until { $until }
decided-approved = You approved it
decided-approved-explained = { $client } learns of it now, and may do this:
decided-denied = You denied it
decided-denied-explained = { $client } learns that you said no, and gets nothing.
decided-blocked = You denied it, and blocked the agent
decided-blocked-explained = { $client } learns that you said no, and cannot ask you again until you allow it on your account page. Tell the people who run this service: somebody may have used your name.
decided-wrong-number = This was not approved
decided-wrong-number-explained = The number that you picked is not the one that the agent shows, so { $client } gets nothing. If you did start this, have the agent ask once more. If not, somebody else did.
decided-over = You approved it, and it is over
decided-over-explained = { $client } can do nothing more with it.
decided-gone = There is nothing to decide any more
decided-gone-explained = Nothing can be given to { $client } for this request. Whatever you had answered, nobody gets anything.
decided-another-waits = Another request waits for your answer.
decided-next = Next request
decided-close = You can close this page.
to-account = Your account

## Error

error-request-is-wrong = This request cannot be answered
error-request-is-wrong-explained = The application that sent you here asked in a wrong way. You can do nothing about it; its developers can.
error-client-is-unknown = This application is not known here
error-client-is-unknown-explained = The application that sent you here is not registered, or may not be used any more.
error-return-is-unknown = We do not send you there
error-return-is-unknown-explained = The application wants you sent to an address that is not registered for it. This can be a mistake, or an attempt to steal your sign-in. Nothing was shared.
error-interaction-is-over = This page is no longer good
error-interaction-is-over-explained = It was open for too long, was finished already, or belongs to another browser. Go back to the application and start again.
error-form-is-foreign = This form did not come from our page
error-form-is-foreign-explained = For your safety nothing was done. Go back to the page, load it again, and send the form once more. Cookies must be allowed.
error-not-allowed = You may not do this
error-not-allowed-explained = Your account has no right to it. The people who run this service can tell you more.
error-no-such-page = There is no such page
error-no-such-page-explained = The address may be mistyped, or the page may be gone.
error-nothing-to-decide = There is nothing here for you to decide
error-nothing-to-decide-explained = There is no such request, it is long over, or it is meant for somebody else. Look whether you are signed in with the right account.
error-decided-before = This was decided before
error-decided-before-explained = A request is decided once. Nothing has changed now.
error-request-expired = This request has expired
error-request-expired-explained = It was not answered in time, so the agent got nothing. If you want it to go on, let it ask again.
error-unavailable = Not now, please try again
error-unavailable-explained = Something we need does not answer at the moment. Try again in a minute.
error-broken = Something went wrong on our side
error-broken-explained = We have a record of it. Try again; if it happens again, tell the people who run this service.
error-for-developers = For the developer
error-code = Error code { $code }
error-catalogue = What this error means
error-request = Request { $request }
error-quote-request = Quote this number when you ask for help.

## Error catalogue

catalogue-title = Error catalogue
catalogue-lead = Every error that this server answers with, why it comes, and what to do.
catalogue-code = Error code
catalogue-status = HTTP status
catalogue-why = Why it comes
catalogue-what-to-do = What to do
catalogue-all = All errors

## Change password

password-title = Change password
current-password = Current password
new-password = New password
new-password-again = New password again
password-rule = At least { $least } characters. A few words that you can remember are better than a short riddle.
password-button = Change password
problem-current-password-is-wrong = The current password is not right.
problem-password-is-too-short = The new password is too short: it needs at least { $least } characters.
problem-password-is-too-long = The new password is too long.
problem-password-is-too-common = The new password is too easy to guess.
problem-password-is-unchanged = The new password is the same as the current one.
problem-repetition-differs = The two entries of the new password differ.
back-to-account = Back to your account

## Account

account-title = Your account
account-requests = Requests of agents
account-requests-explained = An agent that needs your approval asks here while you are elsewhere.
account-see-requests = See requests
account-agents = Your agents
account-agents-explained = What agents may do in your name, what tools did for them, and how to end it.
account-see-agents = See agents
account-invitations = Let an agent ask you
account-invitations-explained = An agent that you stand before or speak with does not know you. With a code of yours it may ask you, once.
account-invite = Make a code
account-user-code = Code for agents
account-user-code-explained = Agents that have to show it cannot ask you unless you gave it to them.
account-set-user-code = Set or change
account-devices = Phone, messages and quiet hours
account-devices-explained = Where you are told that an agent asks you something, and when not.
account-see-devices = See devices
account-passkeys = Passkeys
account-passkeys-explained = Sign in with your fingerprint, your face or a PIN, without typing anything.
account-see-passkeys = See passkeys
account-password = Password
account-password-explained = Change it whenever you think that somebody else may know it.
account-change-password = Change password
account-remembered = Remembered consents
account-remembered-explained = You are not asked again when one of these clients asks for exactly the same. Once you forget a consent, you are asked the next time; access that was given already goes on.
account-nothing-remembered = Nothing is remembered: you are asked each time.
account-remembered-time = Since { $since }, until { $until }
account-forget = Forget
account-blocked = Blocked agents
account-blocked-explained = You said of a request that it was not you. These agents cannot ask you anything.
account-unblock = Allow again
account-sign-out = Sign out
notice-password-changed = Your password was changed.
notice-consent-forgotten = The consent was forgotten: you will be asked again.
notice-block-lifted = The agent may ask you again.
notice-user-code-set = Your code for agents was set. The one before is no longer good.
notice-user-code-removed = You have no code for agents any more.
signed-out-title = You are signed out
signed-out-explained = On a computer that others use, close the browser’s windows as well.
signed-out-sign-in = Sign in again

## Invitation

invite-title = Let an agent ask you
invite-lead = You get a short code for the agent that you stand before or speak with. With it, that agent may ask you once, within { $span }. You still see what it asks, and decide.
invite-agent = Which agent may ask you
invite-choose = Choose an agent
invite-named = { $client } ({ $id })
invite-any = Any agent that is registered here
invite-nobody = No agent is registered here that asks people.
invite-button = Make the code
problem-no-agent-chosen = Choose one of the agents in the list.
problem-agent-is-blocked = You have blocked this agent. Allow it again on your account page first.
problem-agent-is-off = This agent is switched off at the moment.
problem-too-many-invitations = You have made many codes in a short time. Make the next one in { $wait }.
invitation-title = Your code
invitation-for = For { $client } alone
invitation-for-any = For any agent that is registered here
invitation-give = Say it, type it, or let the agent scan it
invitation-picture = The same code as a picture, to be scanned
invitation-until = It works once, until { $until }
invitation-caution = Give it to nobody else: they could ask you in the place of the agent that you mean.
invitation-next = What the agent asks then waits for your answer.
invitation-another = Make another code

## Devices

devices-title = Your devices
devices-lead = When an agent asks you something, you are told on the first of these that can be reached.
devices-own = Where you are told
devices-none = You have no device yet. What agents ask waits on your page until you look.
devices-order = The first one that can be reached is told, and no other. After a mail the next one is told too: nobody knows whether a mail arrives.
devices-add-sms = Add a telephone number
devices-add-email = Add an e-mail address
device-push = App on a phone
device-sms = Text message to { $place }
device-email = E-mail to { $place }
device-name = Name, such as “My phone”
device-number = Telephone number
device-number-rule = With + and the country’s code, such as +49 151 12345678.
device-address = E-mail address
device-send-link = Send the link to confirm it
device-send-mail = Send the mail to confirm it
device-waits-for-link = Not used yet: open the link that was sent to it, and sign in there as yourself.
device-waits-for-addressee = Not used yet: follow the link “Confirm subscription” in the mail from Amazon Web Services, then come back and press the button.
device-check = I have confirmed it
device-earlier = Tell it earlier
device-later = Tell it later
device-remove = Remove
device-rename = Rename
device-keep-name = Keep this name
quiet-hours = Quiet hours
quiet-hours-explained = At night, say: requests then wait on your page, and nothing rings. Only what your company calls urgent is told all the same.
quiet-hours-are = From { $from } to { $to } each day ({ $zone })
quiet-hours-from = From
quiet-hours-to = To
quiet-hours-zone = Time zone
quiet-hours-zone-rule = Such as Europe/Berlin or America/New_York.
quiet-hours-set = Set quiet hours
quiet-hours-end = No quiet hours
notice-link-sent = A link was sent. Open it within 15 minutes.
notice-addressee-asked = A mail was sent that asks for confirmation.
notice-device-confirmed = The device is confirmed. You are told there from now on.
notice-device-changed = Your change was made.
notice-device-removed = The device was removed.
notice-quiet-hours-set = Your quiet hours were set.
notice-quiet-hours-over = You have no quiet hours any more.
problem-number-unusable = That is not a telephone number. Write + and the country’s code, then the number.
problem-number-not-allowed = No text messages are sent to numbers of this country.
problem-address-unusable = That is not an e-mail address.
problem-address-not-allowed = Messages are not sent to addresses of this domain. Take your address at work.
problem-device-name = A name has 1 to { $most } visible characters, on one line.
problem-too-many-devices = You have as many devices as anybody may have. Remove one first.
problem-device-is-there = You have this device already.
problem-too-many-confirmations = Several devices were asked to confirm themselves lately. Add the next one in { $wait }.
problem-device-in-use = This address cannot be used now: it belongs to another account, or a mail to it still waits for an answer. What nobody answers is forgotten after three days.
problem-device-not-sent = The message could not be sent. Look whether the number or address is right, and try again later.
problem-addressee-not-agreed = The mail’s link has not been followed yet. It can take a minute until that is known here.
problem-device-gone = There is no such device any more.
problem-hours-unusable = Quiet hours need a beginning and an end that differ, each as hours and minutes.
problem-zone-unknown = There is no such time zone. Write it as in Europe/Berlin.
problem-link-not-good = This link is not good: it is too old, a newer one was sent, or it is for another account than yours.
confirm-device-title = Confirm a device
confirm-device-lead = From now on you are told on this device when an agent asks you something.
confirm-device-button = Yes, this is my device
confirm-device-not-mine = You did not ask for this? Then do nothing: the device is not used unless you press the button.
to-devices = Your devices
message-confirm-device = Confirm that this reaches you
message-device-added = A device was added to your account. Was that not you? Remove it.
message-device-removed = A device was removed from your account. Was that not you? Change your password.
message-quiet-hours = Your quiet hours were changed. Was that not you? Look at them.
message-other-first = Another device of yours is now told first. Was that not you? Look at the order.
message-user-code = Your code for agents was changed. Was that not you? Change what you sign in with.

## Your agents

agents-title = Your agents
agents-lead = What agents may do in your name at the moment. You can end any of it.
agents-none = No agent may do anything in your name at the moment.
agents-find = Find
agents-agent = Agent
agents-tool = Tool
agents-any = Any
agents-search = Search
agents-show-all = Show everything
agents-nothing-found = Nothing fits your search.
agents-look = Look closer, or end
agents-end-all = End everything of this agent
access-times = Since { $since }, last used { $used }, until { $until }
access-not-fetched = Since { $since }; not fetched yet, until { $until } at the latest
access-actor = { $client } acts with it.
access-through = It comes from what you gave { $client }.
access-cut-short = More than a list can show: look closer.
access-title = What { $client } may do
access-allows = What it may do
access-chain = What was done with it
access-chain-explained = A tool that needs another one goes on to it in your name. Each step may do the same as the one above it, or less.
access-chain-none = No tool has gone on to another one.
access-chain-cut-short = There are more of these than can be shown.
chain-you = You
chain-agent = { $client } acts for you
chain-step = { $by } went on to { $tool }
chain-times = { $times ->
    [one] once, { $last }
   *[other] { $times } times, last { $last }
}
access-end = End it
end-takes = Tools that ask here before they do something find out at once. A tool that looks at tokens by itself can still take the last one for up to { $span }.
end-one-look = End this
end-one-title = End this?
end-one-lead = { $client } may do this no more, nor may any tool that it went on to. It can ask you again.
end-one-button = End it now
end-agent-title = End everything of this agent?
end-agent-lead = Everything that { $client } may do in your name ends, whatever it is for, and what you agreed not to be asked again. Your other agents go on. It can ask you again.
end-agent-button = End everything of it now
back-to-agents = Back to your agents
signed-look = What you signed with a passkey
signed-title = What you signed
signed-lead = Each approval that you signed with a passkey, as you read it then. The evidence is a file that anybody can check, also when this server is gone. It says all that you read: keep it where only you reach it.
signed-none = You have not signed anything with a passkey yet.
signed-at = Signed { $at }
signed-save = Save the evidence
signed-changed = { $count ->
    [one] One approval cannot be shown, because what is kept of it was changed. Tell whoever runs this server.
   *[other] { $count } approvals cannot be shown, because what is kept of them was changed. Tell whoever runs this server.
}
notice-access-ended = It was ended.
notice-agent-ended = Everything of that agent was ended.
notice-access-gone = There is nothing of that kind, or it is over.

## Passkeys

passkeys-title = Your passkeys
passkeys-lead = A passkey signs you in on this site and on no other. Your device keeps it, and opens it for your fingerprint, your face or your PIN.
passkeys-own = What you sign in with
passkeys-none = You have no passkey yet.
passkey-times = Registered { $made }, last used { $used }
passkey-never-used = Registered { $made }, not used yet
passkey-remove = Remove
passkeys-add = Add a passkey
passkey-name = Name, such as “My phone”
passkey-register = Make a passkey
passkeys-sign-in-again = Sign in again
passkeys-sign-in-again-explained = To add or remove a passkey, sign in once more: it must be you.
passkeys-full = You have as many passkeys as anybody may have. Remove one first.
passkeys-off = Nobody signs in with passkeys here.
notice-passkey-registered = The passkey was registered. You can sign in with it from now on.
notice-passkey-removed = The passkey was removed, and you are signed out everywhere else. It may still be offered to you by your device: delete it there, too.
problem-passkey-name = A name has 1 to { $most } visible characters, on one line.
problem-passkey-not-registered = The passkey was not registered: your device’s answer was not good. Try again, or with another device.
problem-too-many-passkeys = Nobody has more than { $most } passkeys. Remove one first.
problem-passkey-is-there = You have a passkey on this device already.
problem-passkey-gone = There is no such passkey any more.
problem-passkey-is-the-last = Without this passkey you could not sign in any more. Make another one first.
message-passkey-registered = A passkey was added to your account. Was that not you? Remove it.
message-passkey-removed = A passkey was removed from your account. Was that not you? Look at your account.
enrol-passkey-title = Make a passkey
enrol-passkey-lead = This is for the account of { $name } ({ $user }). From now on you sign in with the passkey that you make here.
enrol-passkey-replaces = All other passkeys of this account stop working when you make this one, you are signed out everywhere, and whatever agents were allowed ends.
enrol-passkey-not-you = That is not you? Then close this page, and tell whoever sent you the link.
enrol-passkey-over = This link is not good.
enrol-passkey-over-explained = It was used already, is too old, or a newer one was made. Ask whoever looks after your account for a new one.

## Code for agents

user-code-title = Code for agents
user-code-lead = An agent that has to show this code cannot ask you unless you gave it to them. It proves nothing else, and nothing can be approved with it.
user-code-is-set = You have a code. It is kept so that nobody can read it, not even you.
user-code-is-not-set = You have no code yet. Agents that have to show one cannot ask you.
user-code-password = Your password
user-code-sign-in-again-explained = To set or remove the code, sign in once more: it must be you.
user-code-new = New code
user-code-rule = { $least } to { $most } characters. Take nothing that others know of you, and not your password.
user-code-button = Set the code
user-code-remove = Remove the code
problem-password-is-wrong = The password is not right.
problem-user-code-is-unusable = The code needs { $least } to { $most } visible characters.
problem-user-code-is-the-password = That is your password. Take something else: agents get to see the code.
