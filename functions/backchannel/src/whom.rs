use admission::{ShownActor, Visit};
use http::Problem;
use oauth::configuration::{Client, UserCodeUse};
use oauth::{
    Approach, Asks, AuthenticationRequest, BackchannelRequest, GrantId, Hint, InvitationCode, LoginHint,
    MayAsk, PersonId, Refusal, Timestamp, UserCode, UserCodeHash,
};
use sessions::is_user_code;
use store::{Approached, KeptAsks, Person, Standing};

use crate::{Services, within};

/// How many codes of invitations one client may try in a minute: of 30 to the power of ten there are.
const INVITATIONS_PER_MINUTE: u32 = 60;

/// Whom a client named: somebody, or nobody whom it may ask. What is done for the one is done for the other, so that neither the
/// answer nor the time that it takes tells them apart.
pub(crate) struct Named {
    /// The person, if this client may ask them.
    person: Option<PersonId>,
    /// What this client, and others, asked of the person; of nobody, what this client asked under the same name.
    asks: KeptAsks,
    /// How the client came to them.
    way: Way,
    /// What the user code that it showed is worth.
    code: Code,
}

/// How a client came to whom it named.
enum Way {
    /// By a hint: the nobody that it would mean.
    Hint(PersonId),
    /// By an invitation.
    Invitation(InvitationCode),
}

/// What a client's user code is worth (OpenID CIBA Core 1.0, section 7.1).
#[derive(Clone, Copy, PartialEq)]
enum Code {
    /// None was shown, and none is asked for.
    NotAsked,
    /// None was shown, and the person has set one: they do not hear of the request.
    LeftOut,
    /// It is the one that the person set.
    Right,
    /// It is not. Nobody has set any.
    Wrong,
    /// It is not looked at: the client showed too many wrong ones.
    Unheard,
}

impl Code {
    /// Judges what was shown. There is one hash to compute for it, be there a code or a person or not.
    fn of(client: &Client, shown: Option<&UserCode>, kept: Option<&UserCodeHash>) -> Self {
        let is_used = client.backchannel.as_ref().is_some_and(|own| own.user_code != UserCodeUse::None);
        match shown {
            None if is_used && kept.is_some() => Self::LeftOut,
            None => Self::NotAsked,
            Some(shown) => {
                aws::count("Argon2id");
                if is_user_code(shown, kept) { Self::Right } else { Self::Wrong }
            }
        }
    }

    /// The same where none that is shown is looked at.
    const fn unheard(self) -> Self {
        match self {
            Self::Right | Self::Wrong => Self::Unheard,
            none => none,
        }
    }
}

/// Whom a request reaches.
pub(crate) struct Reached {
    /// The person.
    pub(crate) person: Option<PersonId>,
    /// Whether they hear of it.
    pub(crate) rings: bool,
    /// The invitation that is spent for it when it is kept.
    pub(crate) invited_by: Option<InvitationCode>,
}

/// Finds out whom the client means (OpenID CIBA Core 1.0, section 7.2). Whoever it may not ask is nobody to it: one it is not related
/// to, who has blocked it, or who may do nothing at all. What says whether the token of who acts still stands is read in the same call.
///
/// # Errors
/// [`Refusal::UnknownUser`] where the server tells; the refusals of a hint that is no good; [`Refusal::ActorTokenInvalid`]; a fault of
/// the table.
pub(crate) async fn named(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    asked: &AuthenticationRequest,
    actor: Option<ShownActor>,
) -> Result<Named, Problem> {
    let (id, typed) = match &asked.hint {
        Hint::Login(text) => match LoginHint::parse(text) {
            Some(hint) => (services.store.person_hinted(&hint).await?, hint.canonical().to_owned()),
            None => (None, text.clone()),
        },
        Hint::IdToken(token) => {
            let keys = services.keys.public().await?;
            let person = keys.hinted_person(token, visit.site.issuer(), &client.id, visit.now)?;
            (Some(person.clone()), person.to_string())
        }
        Hint::LoginToken(token) => {
            let request = (&asked.request, token.expose().as_str());
            return Box::pin(invited(services, visit, client, request, actor)).await;
        }
    };
    let id = id.unwrap_or_else(|| PersonId::from_random([0; 16]));
    let nobody = services.nobody(&typed).await?;
    let shown = actor.as_ref().map(ShownActor::claims);
    let Approached { person, asks, of_nobody, code, actor: standing } =
        services.store.approached(&id, &nobody, shown).await?;
    still_acts(services, visit, actor, standing).await?;
    let is_known =
        |person: &Person| client.backchannel.as_ref().is_some_and(|own| own.may_ask.include(&person.profile));
    let related = person.filter(|person| is_known(person) && !person.disabled);
    // That somebody has blocked the client is told to nobody.
    if related.is_none() && visit.configuration.server.backchannel.tells_unknown_users {
        return Err(Refusal::UnknownUser.into());
    }
    // A client that is blocked waits as it would otherwise: it does not learn that it is.
    let (asks, code) = if related.is_some() { (asks, code) } else { (of_nobody, None) };
    let code = Code::of(client, asked.user_code.as_ref(), code.as_ref());
    let person = related.filter(|_| !asks.asks.silence(&asked.request)).map(|person| person.id);
    Ok(Named { person, asks, way: Way::Hint(nobody), code })
}

/// Whom an invitation is from. Tries are counted by client, and an unknown code is answered like one that has expired.
async fn invited(
    services: &Services,
    visit: &Visit<'_>,
    client: &Client,
    (request, token): (&BackchannelRequest, &str),
    actor: Option<ShownActor>,
) -> Result<Named, Problem> {
    within(services, visit, ("INVITATIONS", client), INVITATIONS_PER_MINUTE).await?;
    let code = InvitationCode::parse(token).ok_or(Refusal::HintTokenInvalid)?;
    let invitation = services.store.invitation(&code, &client.id, visit.now).await?;
    let invitation = invitation.ok_or(Refusal::HintTokenInvalid)?;
    let shown = actor.as_ref().map(ShownActor::claims);
    let (person, asks, standing) = services.store.approached_by_invitation(&invitation.person, shown).await?;
    still_acts(services, visit, actor, standing).await?;
    let made_at = invitation.made_at();
    let may_be_asked = |person: &Person| person.allows_made_at(made_at) && !asks.asks.silence(request);
    let person = person.filter(may_be_asked).ok_or(Refusal::HintTokenInvalid)?;
    Ok(Named { person: Some(person.id), asks, way: Way::Invitation(code), code: Code::NotAsked })
}

/// That the token of who acts still stands, if one was shown.
async fn still_acts(
    services: &Services,
    visit: &Visit<'_>,
    actor: Option<ShownActor>,
    standing: Option<Standing>,
) -> Result<(), Problem> {
    match actor {
        Some(actor) => visit.still_acts(&services.types(visit), actor, standing).await,
        None => Ok(()),
    }
}

impl Named {
    /// Counts the request against what its parties, and all together, may ask one person: by one write, which many at once cannot
    /// evade. A wrong user code is counted in its place, and by the same write: of many guesses at once each waits for the one before
    /// it, and the right one counts only while the client may still guess.
    ///
    /// # Errors
    /// [`Refusal::SlowDown`] for who asks too often, [`Refusal::UserCodeInvalid`]; a fault of the table.
    pub(crate) async fn counted(
        self,
        services: &Services,
        visit: &Visit<'_>,
        request: &BackchannelRequest,
        (id, expires_at): (&GrantId, Timestamp),
    ) -> Result<Reached, Problem> {
        let Self { person, asks, way, code } = self;
        let named = match way {
            Way::Hint(nobody) => nobody,
            // The person wants to be asked, once: the invitation is spent instead, by the write that keeps the request.
            Way::Invitation(code) => return Ok(Reached { person, rings: true, invited_by: Some(code) }),
        };
        let urgent = services.types(visit).are_urgent(&request.details);
        let approach = Approach { request, named: &named, urgent };
        let (client, now) = (&request.client_id, visit.now);
        let settings = &visit.configuration.server.backchannel;
        let judge = |known: Asks| {
            let verdict = known.may_ask(approach, settings, now);
            if let MayAsk::Later(retry_after) = verdict {
                return Err(Refusal::SlowDown { retry_after });
            }
            let code = if known.may_show_code(client, now) { code } else { code.unheard() };
            let rings = verdict == MayAsk::Yes && code != Code::LeftOut && person.is_some();
            let next = match code {
                // Written as it was: of whom a client knows two names, the answer comes no sooner than for nobody.
                Code::Unheard => known,
                Code::Wrong => known.showed_wrong_code(client, now),
                Code::Right => known.showed_right_code(client).asked(approach, (id, expires_at), rings, now),
                Code::NotAsked | Code::LeftOut => known.asked(approach, (id, expires_at), rings, now),
            };
            Ok((next, (rings, code)))
        };
        let (rings, code) = services.store.count_ask(asks, (request, id), now, judge).await??;
        if matches!(code, Code::Wrong | Code::Unheard) {
            return Err(Refusal::UserCodeInvalid.into());
        }
        Ok(Reached { rings, person, invited_by: None })
    }
}

impl Services {
    /// A name that nobody has, the same for all clients that mean the same nobody: where several come at once each waits for the one
    /// before it, as those do who mean the same person.
    async fn nobody(&self, typed: &str) -> Result<PersonId, environment::Fault> {
        let secret = self.keys.server_secret().await?;
        let tag = secret.hmac("nobody", &[typed.as_bytes()]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&tag[..16]);
        Ok(PersonId::from_random(bytes))
    }
}
