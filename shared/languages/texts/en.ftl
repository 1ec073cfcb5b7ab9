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
scope-offline_access = Go on working while you are away
scope-described = { $description }
scope-unknown = Use the permission { $scope }

## Approval

approval-title = { $client } asks for your approval
approval-lead = Approve only what you yourself have just asked an agent to do.
approval-compare = Compare it with what the agent shows you
approval-compare-explained = Deny if the agent shows anything else, or if you see no agent at all.
approval-nothing-to-compare = The agent gives you nothing to compare. Deny if you are not sure where this comes from.
approval-in-whose-name = In the name of
approval-person = { $name } ({ $user })
approval-asked = Asked
approval-until = Answer until
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
signed-out-title = You are signed out
signed-out-explained = On a computer that others use, close the browser’s windows as well.
signed-out-sign-in = Sign in again
