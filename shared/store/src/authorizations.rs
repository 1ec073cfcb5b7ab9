use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use environment::Fault;
use oauth::{
    Authorization, AuthorizationDetails, End, Ended, GrantId, PersonId, RefreshToken, Sha256Digest, Stage,
    Timestamp,
};

use crate::item::{Condition, Draft, Item, Key, Written, body, integer, json_text, number, string, text};
use crate::polls::{self, KeptPolls};
use crate::{Person, Store, people};

/// Details above this many bytes live in an item of their own beside the authorization, so that each later
/// move of it stays cheap: DynamoDB bills a write by the size of the whole item.
const LARGEST_INLINE_DETAILS: usize = 8 * 1024;

/// The attribute on the writes that somebody must hear of, which the stream's filter looks for.
const NEWS: &str = "news";

/// What a commit met.
#[derive(Debug)]
pub enum Commit {
    /// The move is made.
    Done,
    /// Somebody else moved first: decide again on what stands there now, if anything does.
    Outdated(Option<Box<Authorization>>),
}

impl Store {
    /// The authorization with this id.
    ///
    /// # Errors
    /// When the table does not answer or the item cannot be read.
    pub async fn authorization(&self, id: &GrantId) -> Result<Option<Authorization>, Fault> {
        match self.read(&key(id)).await? {
            Some(item) => self.assemble(&item).await.map(Some),
            None => Ok(None),
        }
    }

    /// The authorization of an `auth_req_id`, and when its client last asked, read in one call. It comes with its details where they are
    /// about to be granted and not before: whoever polls has no use for them.
    ///
    /// # Errors
    /// When the table does not answer or the item cannot be read.
    pub async fn awaited_authorization(
        &self,
        id: &GrantId,
    ) -> Result<Option<(Authorization, KeptPolls)>, Fault> {
        let [item, kept] = self.read_all([&key(id), &polls::key(id)]).await?;
        let Some(item) = item else { return Ok(None) };
        let found = decode(&item)?;
        let is_granted = matches!(found.stage, Stage::Approved(_));
        let found = if is_granted { self.assemble(&item).await? } else { found };
        Ok(Some((found, KeptPolls(kept))))
    }

    /// The authorization with this id and the person with that one, read in one call.
    ///
    /// # Errors
    /// When the table does not answer or an item cannot be read.
    pub async fn authorization_and_person(
        &self,
        id: &GrantId,
        person: &PersonId,
    ) -> Result<(Option<Authorization>, Option<Person>), Fault> {
        let [authorization, person] = self.read_all([&key(id), &people::key(person)]).await?;
        let authorization = match &authorization {
            Some(item) => Some(self.assemble(item).await?),
            None => None,
        };
        Ok((authorization, person.as_ref().map(body).transpose()?))
    }

    /// Commits a move on condition that the stored version is the one it came from; the first one on
    /// condition that nothing stands there.
    ///
    /// # Errors
    /// When the table does not answer: the state is then as before or as after.
    pub async fn commit(&self, next: &Authorization) -> Result<Commit, Fault> {
        self.commit_as(&self.attempt(), next).await
    }

    /// Commits a move that spends what its holder has only once. When nothing is heard of it, not even by a look
    /// afterwards, it is taken back: whoever is told of a fault may then spend it again and is not taken for a
    /// thief, and what was made of the unheard move is given to nobody.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub async fn commit_or_take_back(
        &self,
        before: Authorization,
        next: &Authorization,
    ) -> Result<Commit, Fault> {
        let attempt = self.attempt();
        let committed = self.commit_as(&attempt, next).await;
        if let Err(Fault::Unavailable { .. }) = &committed {
            // Boxed: this seldom way must not grow the future of every caller.
            Box::pin(self.take_back(&attempt, before.instead_of(next))).await;
        }
        committed
    }

    /// Undoes an attempt if it is what stands there, and keeps it from arriving later if what was before it still does:
    /// the version that is written is none that it came from. Whether that is heard of does not matter, for the caller
    /// knows of nothing either way. The request may be given up because its time is over: this one call has its own.
    async fn take_back(&self, attempt: &str, before: Authorization) {
        // What stood nowhere before must be kept from arriving, too.
        let expression = match before.version {
            2 => "(version = :unheard AND attempt = :attempt) OR version = :from OR attribute_not_exists(pk)",
            _ => "(version = :unheard AND attempt = :attempt) OR version = :from",
        };
        let unheard = Condition::new(
            expression,
            vec![
                (":unheard", number(before.version - 1)),
                (":attempt", text(attempt)),
                (":from", number(before.version - 2)),
            ],
        );
        let (slim, _) = split(&before);
        let attempt = self.attempt();
        // Whoever was to hear of what stood before has heard of it.
        let draft = draft(&before, &slim).without(NEWS);
        let write = self.write_unsettled(&attempt, draft, unheard);
        let _ = aws::in_its_own_time(write).await;
    }

    async fn commit_as(&self, attempt: &str, next: &Authorization) -> Result<Commit, Fault> {
        let draft = self.draft_beside_details(next).await?;
        match self.write_as(attempt, draft, came_from(next)).await? {
            Written::Done => Ok(Commit::Done),
            Written::Conflict(item) if item.is_empty() => Ok(Commit::Outdated(None)),
            Written::Conflict(item) => Ok(Commit::Outdated(Some(Box::new(self.assemble(&item).await?)))),
        }
    }

    /// The item of an authorization that is about to be written. Large details are written before it, so that nothing that stands lacks
    /// its own; those of what is never written are forgotten when it would have been.
    pub(crate) async fn draft_beside_details(&self, next: &Authorization) -> Result<Draft, Fault> {
        let (slim, details) = split(next);
        let decided_anew = matches!(
            next.stage,
            Stage::Pushed(_) | Stage::Consented(_) | Stage::Requested(_) | Stage::Approved(_)
        ) || matches!(next.stage, Stage::Child(_)) && next.version == 1;
        if let Some(details) = details.filter(|_| decided_anew) {
            let key = details_key(&next.id, &details.digest());
            self.write(Draft::new(&key, &details, Some(details_forgotten_at(next)))).await?;
        }
        Ok(draft(next, &slim))
    }

    /// One of several writes that are made together: there is nothing behind this id any more, and nothing comes there later. `condition`
    /// says what it may take the place of. Nobody is told.
    pub(crate) fn closed_if(
        &self,
        never_heard_of: &Authorization,
        condition: Condition<'_>,
        now: Timestamp,
    ) -> Result<TransactWriteItem, Fault> {
        let client_id = never_heard_of.client_id().clone();
        let ended = Ended { at: now, why: End::NotGiven, person: None, client_id, awaited: None };
        let (id, version) = (never_heard_of.id.clone(), never_heard_of.version + 1);
        let closed = Authorization { id, version, stage: Stage::Ended(ended) };
        let (slim, _) = split(&closed);
        self.put_if(draft(&closed, &slim), condition)
    }

    /// Ends the authorization of a refresh token that its own client revokes, without reading it first (RFC
    /// 7009): one write, which only the right family secret and client can make.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn end_by_refresh_token(
        &self,
        token: &RefreshToken,
        client_id: &oauth::ClientId,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let ended =
            Ended { at: now, why: End::Revoked, person: None, client_id: client_id.clone(), awaited: None };
        let stage = json_text(&Stage::Ended(ended));
        let condition = Condition::new(
            "refresh_family = :family AND client_id = :client AND attribute_not_exists(ended_by)",
            vec![
                (":family", text(token.family().digest().to_base64url())),
                (":client", text(client_id.as_str())),
            ],
        );
        let values: Vec<(&str, AttributeValue)> =
            vec![(":stage", text(stage)), (":one", number(1)), (":why", text("revoked"))];
        let update = "SET body = :stage, version = version + :one, ended_by = :why";
        match self.change_if(&key(token.id()), update, condition, values).await? {
            Written::Done => Ok(true),
            Written::Conflict(_) => Ok(false),
        }
    }

    pub(crate) async fn assemble(&self, item: &Item) -> Result<Authorization, Fault> {
        self.assemble_with(item, None).await
    }

    /// The authorization of an item, with the details that live beside it: by another read, unless they are at hand.
    pub(crate) async fn assemble_with(
        &self,
        item: &Item,
        at_hand: Option<Item>,
    ) -> Result<Authorization, Fault> {
        let mut authorization = decode(item)?;
        if let Some(digest) = string(item, "details") {
            let digest = Sha256Digest::from_base64url(digest)
                .ok_or_else(|| Fault::broken("table", "a details digest"))?;
            let key = details_key(&authorization.id, &digest);
            let beside = match at_hand.filter(|item| key.is_of(item)) {
                Some(item) => item,
                None => self
                    .read(&key)
                    .await?
                    .ok_or_else(|| Fault::broken("table", "the details of an authorization are missing"))?,
            };
            replace_details(&mut authorization, body(&beside)?);
        }
        Ok(authorization)
    }
}

/// What must stand where a move is written: the version that it came from, and for the first one nothing.
pub(crate) fn came_from(next: &Authorization) -> Condition<'static> {
    match next.version {
        1 => Condition::absent(),
        version => Condition::new("version = :from", vec![(":from", number(version - 1))]),
    }
}

pub(crate) fn key(id: &GrantId) -> Key {
    Key::new(format!("AUTHORIZATION#{id}"), "AUTHORIZATION")
}

pub(crate) fn details_key(id: &GrantId, digest: &Sha256Digest) -> Key {
    Key::new(format!("AUTHORIZATION#{id}"), format!("DETAILS#{}", digest.to_base64url()))
}

/// The authorization without the details that live beside it.
pub(crate) fn decode(item: &Item) -> Result<Authorization, Fault> {
    let id = string(item, "pk")
        .and_then(|pk| GrantId::parse(pk.strip_prefix("AUTHORIZATION#")?))
        .ok_or_else(|| Fault::broken("table", "an authorization without an id"))?;
    let version = integer(item, "version")
        .and_then(|version| u64::try_from(version).ok())
        .ok_or_else(|| Fault::broken("table", "an authorization without a version"))?;
    let mut stage = body(item)?;
    if let Stage::Ended(ended) = &mut stage {
        // Its own client ended it without reading whose it was: the index still says so.
        ended.person = ended.person.take().or_else(|| owner(item));
    }
    Ok(Authorization { id, version, stage })
}

/// Whose an item is, by the index.
fn owner(item: &Item) -> Option<PersonId> {
    string(item, "owner").and_then(|owner| PersonId::parse(owner.strip_prefix("PERSON#")?))
}

fn draft(next: &Authorization, slim: &Slim) -> Draft {
    let mut draft =
        Draft::new(&key(&next.id), &slim.stage, Some(forget(next))).with("version", number(next.version));
    if let Some(digest) = &slim.details {
        draft = draft.with("details", text(digest.to_base64url()));
    }
    match &next.stage {
        Stage::Consented(oauth::Consented { grant, .. }) | Stage::Active(oauth::Active { grant, .. }) => {
            draft = draft.with("client_id", text(grant.client_id.as_str())).owned_by(
                format!("PERSON#{}", grant.person),
                format!("AUTHORIZATION#{}", grant.granted_at.as_seconds()),
            );
        }
        Stage::Child(child) => {
            draft = draft.with("client_id", text(child.claims.client_id.as_str()));
            if let Some(person) = child.person() {
                let sort = format!("AUTHORIZATION#{}", child.claims.iat.as_seconds());
                draft = draft.owned_by(format!("PERSON#{person}"), sort);
            }
        }
        Stage::Requested(requested) => {
            // Who is told of decisions is told of the request's expiry, too, whomever it named.
            if requested.rings || requested.awaited.notification_token.is_some() {
                draft = draft.with(NEWS, text("requested"));
            }
            if let Some(person) = &requested.person {
                let sort = format!("REQUEST#{}", requested.requested_at.as_seconds());
                draft = draft.owned_by(format!("PERSON#{person}"), sort);
            }
        }
        Stage::Approved(approved) => {
            let grant = &approved.grant;
            let sort = format!("AUTHORIZATION#{}", grant.granted_at.as_seconds());
            draft = draft
                .with("client_id", text(grant.client_id.as_str()))
                .with(NEWS, text("approved"))
                .owned_by(format!("PERSON#{}", grant.person), sort);
        }
        Stage::Declined(_) => draft = draft.with(NEWS, text("declined")),
        // Who waits to be told of a decision, or to be brought something, is told that there is nothing.
        Stage::Ended(Ended { awaited: Some(awaited), .. }) if awaited.notification_token.is_some() => {
            draft = draft.with(NEWS, text("ended"));
        }
        Stage::Pushed(_) | Stage::Ended(_) => {}
    }
    let family = match &next.stage {
        Stage::Active(active) => active.refresh.as_ref(),
        Stage::Child(child) => Some(&child.refresh),
        _ => None,
    };
    if let Some(family) = family {
        draft = draft.with("refresh_family", text(family.secret.to_base64url()));
    }
    draft
}

struct Slim {
    stage: Stage,
    details: Option<Sha256Digest>,
}

/// The authorization as its item holds it, and the details that live beside it when they are large.
fn split(authorization: &Authorization) -> (Slim, Option<AuthorizationDetails>) {
    let details = details_of(authorization);
    if details.bytes() <= LARGEST_INLINE_DETAILS {
        return (Slim { stage: authorization.stage.clone(), details: None }, None);
    }
    let mut slim = authorization.clone();
    replace_details(&mut slim, AuthorizationDetails::default());
    (Slim { stage: slim.stage, details: Some(details.digest()) }, Some(details))
}

fn details_of(authorization: &Authorization) -> AuthorizationDetails {
    match &authorization.stage {
        Stage::Pushed(pushed) => pushed.request.details.clone(),
        Stage::Consented(consented) => consented.grant.details.clone(),
        Stage::Active(active) => active.grant.details.clone(),
        Stage::Child(child) => child.claims.authorization_details.clone(),
        Stage::Requested(requested) => requested.request.details.clone(),
        Stage::Approved(approved) => approved.grant.details.clone(),
        Stage::Declined(_) | Stage::Ended(_) => AuthorizationDetails::default(),
    }
}

fn replace_details(authorization: &mut Authorization, details: AuthorizationDetails) {
    match &mut authorization.stage {
        Stage::Pushed(pushed) => pushed.request.details = details,
        Stage::Consented(consented) => consented.grant.details = details,
        Stage::Active(active) => active.grant.details = details,
        Stage::Child(child) => child.claims.authorization_details = details,
        Stage::Requested(requested) => requested.request.details = details,
        Stage::Approved(approved) => approved.grant.details = details,
        Stage::Declined(_) | Stage::Ended(_) => {}
    }
}

/// Those of an approval go on into the grant that is redeemed, which does not write them anew.
fn details_forgotten_at(authorization: &Authorization) -> Timestamp {
    match &authorization.stage {
        Stage::Approved(approved) => approved.grant.ends_at.after(std::time::Duration::from_mins(1)),
        _ => forget(authorization),
    }
}

/// A minute more than the life, so that the deletion never races with the last honest use.
fn forget(authorization: &Authorization) -> Timestamp {
    authorization.forgotten_at().after(std::time::Duration::from_mins(1))
}
