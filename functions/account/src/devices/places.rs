//! Whose an e-mail address or a phone is. What belongs to one person at a time is known by a keyed digest, so that the table tells
//! nobody who asks about an address.

use deliver::{NotSubscribed, Platform, Subscribed};
use http::Problem;
use oauth::{
    Channel, Confirmation, Contact, Device, EmailAddress, Mac, PersonId, Place, ProvenBy, SUBSCRIBED_WITHIN,
    Secret, Sha256Digest, Standing, SubscriptionArn, Timestamp,
};
use pages::DeviceProblem;
use store::Person;

use super::Visitor;
use super::change::{MOST_TRIES, others_came_first};

/// Where it is kept whose an address is.
fn of_address(secret: &impl Mac, address: &EmailAddress) -> Sha256Digest {
    Sha256Digest::of(&secret.tag("place", &[b"email", address.as_str().as_bytes()]))
}

/// Where it is kept whose a phone is, by what its platform gave the app there.
pub(crate) fn of_phone(secret: &impl Mac, platform: Platform, token: &Secret<String>) -> Sha256Digest {
    let parts: [&[u8]; 3] = [b"push", platform.as_str().as_bytes(), token.expose().as_bytes()];
    Sha256Digest::of(&secret.tag("place", &parts))
}

/// Where it is kept whose the place is that a device leads to; nothing where several people may be reached at it.
pub(crate) fn of_device(secret: &impl Mac, device: &Device) -> Option<Sha256Digest> {
    match &device.channel {
        Channel::Push { place, .. } => *place,
        Channel::Sms { .. } => None,
        Channel::Email { address, .. } => Some(of_address(secret, address)),
    }
}

/// By what it is counted how often a place is written to.
pub(super) fn counted(secret: &impl Mac, channel: &Channel) -> Sha256Digest {
    Sha256Digest::of(&secret.tag("counted place", &[channel.destination().as_bytes()]))
}

/// What a subscription is filtered to: the same for the same person and address, whenever they come with it, and another's is another.
fn filter_of(secret: &impl Mac, person: &PersonId, address: &EmailAddress) -> Sha256Digest {
    let parts = [person.as_str().as_bytes(), address.as_str().as_bytes()];
    Sha256Digest::of(&secret.tag("mail filter", &parts))
}

/// An address that a person has claimed: the device that it becomes, and what to give back when nothing comes of it.
pub(super) struct Claimed {
    pub(super) device: Device,
    pub(super) digest: Sha256Digest,
    before: Place,
    after: Place,
}

impl Visitor<'_> {
    /// Takes an address for the person, unless it is somebody else's, and has its addressee asked, if that may be.
    pub(super) async fn claims(
        &self,
        device: Device,
        address: EmailAddress,
        person: &Person,
    ) -> Result<Result<Claimed, DeviceProblem>, Problem> {
        let secret = self.guest.keys.server_secret().await?;
        let digest = of_address(secret, &address);
        let filter = filter_of(secret, &self.signed_in.session.person, &address);
        let Some((former, taken)) = self.takes(&digest, &address).await? else {
            return Ok(Err(DeviceProblem::InUse));
        };
        let claimed = Claimed { device, digest, before: former, after: taken };
        if !self.may_be_asked(&claimed.device.channel, person).await? {
            self.gives_back(&claimed).await;
            return Ok(Err(self.asks_too_often(&claimed.device)));
        }
        let subscription = claimed.before.subscription().cloned();
        let people = &self.services.people;
        match people.subscribe(&address, &filter, subscription.as_ref()).await {
            Ok(Subscribed::ByLink) => Ok(Ok(claimed)),
            Ok(Subscribed::AskedBySns(arn)) => {
                Ok(Ok(claimed.asked_by_sns(address, (arn, filter), self.guest.now)))
            }
            Err(refused) => {
                self.gives_back(&claimed).await;
                Ok(Err(self.problem_of(&claimed.device, &refused)))
            }
        }
    }

    /// Claims the place of an address: what it was before, and is now. Nothing where it is somebody else's, by their proof or by their
    /// record. Whoever is gone holds nothing, and a claim without proof is nothing to whose record says that the address is theirs.
    async fn takes(
        &self,
        digest: &Sha256Digest,
        address: &EmailAddress,
    ) -> Result<Option<(Place, Place)>, Problem> {
        let (store, now, own) = (self.guest.store, self.guest.now, &self.signed_in.session.person);
        let contact = Contact::from(address);
        for _ in 0..MOST_TRIES {
            let (before, recorded) = store.place_of_address(digest, &contact).await?;
            let is_own = recorded.contains(own);
            if !is_own && !recorded.is_empty() {
                return Ok(None);
            }
            let mut place = before.place.clone();
            if let Some(holder) = before.place.holder(now).filter(|holder| *holder != own)
                && (is_own && !before.place.is_proven() || store.person(holder).await?.is_none())
            {
                place = place.let_go(holder);
            }
            let Some(claimed) = place.claimed(own, now.after(SUBSCRIBED_WITHIN), now) else {
                return Ok(None);
            };
            if claimed == before.place || store.keep_place(&before, &claimed, now).await? {
                return Ok(Some((before.place, claimed)));
            }
        }
        Err(others_came_first().into())
    }

    /// Leaves a place as it was found. Where that does not succeed the claim lapses by itself.
    async fn gives_back(&self, claimed: &Claimed) {
        let (store, now) = (self.guest.store, self.guest.now);
        let given = async {
            let stands = store.place(&claimed.digest).await?;
            if stands.place == claimed.after {
                store.keep_place(&stands, &claimed.before, now).await?;
            }
            Ok::<_, environment::Fault>(())
        };
        if let Err(fault) = given.await {
            tracing::warn!(target: "account", %fault, "an address stays claimed until the claim lapses");
        }
    }

    /// Nobody of the person's is written to at an address any more: its subscription is ended. Where SNS does not end it now, whoever
    /// has the address next does.
    pub(super) async fn ends(&self, device: &Device) {
        let Channel::Email { subscription: Some(subscription), .. } = &device.channel else { return };
        let ended = async {
            self.services.people.unsubscribe(subscription).await.map_err(|problem| problem.why)?;
            self.forgets(device, subscription).await.map_err(|fault| fault.to_string())
        };
        if let Err(why) = ended.await {
            let device_id = device.id.as_str();
            tracing::warn!(target: "account", device_id, why, "a subscription was not ended");
        }
    }

    async fn forgets(&self, device: &Device, ended: &SubscriptionArn) -> Result<(), environment::Fault> {
        let secret = self.guest.keys.server_secret().await?;
        let Some(digest) = of_device(secret, device) else { return Ok(()) };
        let stands = self.guest.store.place(&digest).await?;
        if stands.place.subscription() == Some(ended) {
            let without = stands.place.clone().subscribed(None);
            self.guest.store.keep_place(&stands, &without, self.guest.now).await?;
        }
        Ok(())
    }

    fn problem_of(&self, device: &Device, refused: &NotSubscribed) -> DeviceProblem {
        let (problem, why) = match refused {
            NotSubscribed::InUse => (DeviceProblem::InUse, "it is subscribed to something else"),
            NotSubscribed::Undelivered(problem) => (DeviceProblem::NotSent, problem.why.as_str()),
        };
        let (device_id, request_id) = (device.id.as_str(), http::request::request_id(self.guest.request));
        tracing::warn!(target: "account", device_id, request_id, why, "an address was not subscribed");
        problem
    }
}

impl Claimed {
    /// SNS sends nothing to anybody who has not agreed, and says when they have.
    fn asked_by_sns(
        self,
        address: EmailAddress,
        (subscription, filter): (SubscriptionArn, Sha256Digest),
        now: Timestamp,
    ) -> Self {
        let expires_at = now.after(SUBSCRIBED_WITHIN);
        let standing = Standing::Unconfirmed(Confirmation { by: ProvenBy::Subscription, expires_at });
        let channel = Channel::Email { address, subscription: Some(subscription), filter: Some(filter) };
        Self { device: Device { channel, standing, ..self.device }, ..self }
    }

    /// What SNS has for the address now.
    pub(super) const fn subscription(&self) -> Option<&SubscriptionArn> {
        match &self.device.channel {
            Channel::Email { subscription, .. } => subscription.as_ref(),
            _ => None,
        }
    }
}
