use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use environment::Fault;
use oauth::Timestamp;
use oauth::configuration::SigningAlgorithm;
use serde::{Deserialize, Serialize};

use crate::key_set::{KeySet, ScheduledKey};
use crate::public_key::PublicKey;

/// The shape of the item.
const FORMAT: u32 = 1;

/// How long the public half of a key stays in the ring after the key was published for the last time: as long as anybody
/// may hint at a person with an ID token of it. Whoever keeps something signed for longer keeps the key with it.
const REMEMBERED: Duration = Duration::from_hours(24 * 365);

/// How many such keys stay at most, whatever a deployment's period: every process reads the ring each minute, and an item of
/// the table has 400 KB at most. One takes about 0.8 KB.
const MOST_REMEMBERED: usize = 64;

/// A deployment's keys as its table holds them: public halves in the clear, and of what is secret only where KMS
/// has it, or a ciphertext that KMS alone can open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRing {
    format: u32,
    /// Whose ring it is. Every ciphertext in it is bound to that name.
    pub deployment: String,
    /// The KMS key that the ciphertexts were made under.
    pub data_key: String,
    /// The server's own secret, base64.
    pub server_secret: String,
    /// The signing keys, past, present and future.
    pub signing_keys: KeySet<RingKey>,
}

/// One signing key of the ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingKey {
    /// The public half (`SubjectPublicKeyInfo`, base64). With it, no function has to ask KMS before it can verify.
    pub public_key: String,
    /// The certificate of an RSA key (DER, base64). A ring that was written before there were any has none until the next
    /// run of the rotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Where the private half is.
    #[serde(flatten)]
    pub custody: RingCustody,
}

/// Where the private half of a signing key is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "custody", rename_all = "kebab-case")]
pub enum RingCustody {
    /// In KMS, which signs and never gives it out.
    Kms {
        /// The key's ARN. Not an alias: an alias can be moved to another key.
        key_id: String,
    },
    /// Here, as ciphertext. KMS made the pair and opens it for a function that may ask.
    KmsWrapped {
        /// What the ciphertext is bound to, beside the deployment.
        name: String,
        /// The private half, base64.
        wrapped: String,
    },
    /// Nowhere any more. Tokens of the key have expired; old evidence can still be checked.
    Gone {
        /// The key in KMS that is still to be disabled.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to_be_disabled: Option<String>,
    },
}

impl KeyRing {
    /// A ring of these parts.
    pub(crate) const fn new(
        deployment: String,
        data_key: String,
        server_secret: String,
        signing_keys: KeySet<RingKey>,
    ) -> Self {
        Self { format: FORMAT, deployment, data_key, server_secret, signing_keys }
    }

    /// Gives up the private halves of keys that are published no more, and says of how many.
    pub(crate) fn give_up_private_halves(&mut self, now: Timestamp) -> usize {
        let mut gone = 0;
        self.signing_keys = self.signing_keys.map(|stored| {
            let over = stored.schedule.unpublished_at.is_some_and(|moment| moment <= now);
            if !over || matches!(stored.key.custody, RingCustody::Gone { .. }) {
                return stored.key.clone();
            }
            gone += 1;
            RingKey { custody: stored.key.custody.given_up(), ..stored.key.clone() }
        });
        gone
    }

    /// Forgets the keys that are of no use to anybody any more, the oldest first. A key that is still to be disabled stays.
    pub(crate) fn forget_old(&mut self, now: Timestamp) {
        let is_gone =
            |stored: &ScheduledKey<RingKey>| stored.key.custody == RingCustody::Gone { to_be_disabled: None };
        let mut too_many =
            self.signing_keys.iter().filter(|stored| is_gone(stored)).count().saturating_sub(MOST_REMEMBERED);
        self.signing_keys = self.signing_keys.clone().keeping(|stored| {
            let unpublished_at = stored.schedule.unpublished_at.filter(|_| is_gone(stored));
            let Some(unpublished_at) = unpublished_at else { return true };
            let is_one_too_many = too_many > 0;
            too_many = too_many.saturating_sub(1);
            !is_one_too_many && now < unpublished_at.after(REMEMBERED)
        });
    }

    /// The keys in KMS that nothing may be signed with any more.
    pub(crate) fn to_be_disabled(&self) -> impl Iterator<Item = &String> {
        self.signing_keys.iter().filter_map(|stored| stored.key.custody.to_be_disabled())
    }

    /// Forgets the names of those.
    pub(crate) fn forget_disabled(&mut self) {
        self.signing_keys = self
            .signing_keys
            .map(|stored| RingKey { custody: stored.key.custody.once_disabled(), ..stored.key.clone() });
    }

    /// Whether this program knows the ring's shape.
    pub(crate) fn check_format(&self) -> Result<(), Fault> {
        match self.format {
            FORMAT => Ok(()),
            _ => Err(Fault::broken("signing keys", "the key ring was written by a newer version")),
        }
    }
}

impl RingCustody {
    /// The same without the private half.
    pub(crate) fn given_up(&self) -> Self {
        match self {
            Self::Kms { key_id } => Self::Gone { to_be_disabled: Some(key_id.clone()) },
            Self::KmsWrapped { .. } => Self::Gone { to_be_disabled: None },
            Self::Gone { .. } => self.clone(),
        }
    }

    /// The key in KMS that nothing may be signed with any more.
    pub(crate) const fn to_be_disabled(&self) -> Option<&String> {
        match self {
            Self::Gone { to_be_disabled } => to_be_disabled.as_ref(),
            Self::Kms { .. } | Self::KmsWrapped { .. } => None,
        }
    }

    /// The same, once what is given up signs nothing any more.
    pub(crate) fn once_disabled(&self) -> Self {
        match self {
            Self::Gone { .. } => Self::Gone { to_be_disabled: None },
            Self::Kms { .. } | Self::KmsWrapped { .. } => self.clone(),
        }
    }
}

impl RingKey {
    /// The public half.
    ///
    /// # Errors
    /// When it cannot be read: the table is damaged.
    pub fn public(&self) -> Result<PublicKey, Fault> {
        const WHAT: &str = "public key";
        let spki = STANDARD.decode(&self.public_key).map_err(|error| Fault::broken(WHAT, error))?;
        PublicKey::from_spki(&spki).map_err(|defect| Fault::broken(WHAT, defect))
    }

    /// The certificate, DER.
    pub(crate) fn certificate(&self) -> Result<Option<Vec<u8>>, Fault> {
        let decoded = self.certificate.as_ref().map(|text| STANDARD.decode(text));
        decoded.transpose().map_err(|error| Fault::broken("certificate", error))
    }
}

/// What a ciphertext of the ring is for. It is part of the encryption context (AWS KMS, "Encryption context"): one
/// that was made for another purpose, key or deployment does not open.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose<'a> {
    ServerSecret,
    SigningKey { name: &'a str },
    CheckpointKey { name: &'a str },
}

/// What a key signs. One that signs checkpoints is of no use to those who sign tokens, and the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signs {
    /// What the server issues.
    Tokens,
    /// Checkpoints of evidence.
    Checkpoints,
}

impl Signs {
    /// What the ciphertext of such a key is for.
    pub(crate) const fn purpose(self, name: &str) -> Purpose<'_> {
        match self {
            Self::Tokens => Purpose::SigningKey { name },
            Self::Checkpoints => Purpose::CheckpointKey { name },
        }
    }

    /// The tag of such a key in KMS, and what it is described as.
    pub(crate) const fn tag(self) -> (&'static str, &'static str) {
        match self {
            Self::Tokens => (DEPLOYMENT_TAG, "tokens"),
            Self::Checkpoints => (CHECKPOINTS_TAG, "checkpoints of evidence"),
        }
    }
}

/// The tag of the KMS keys that sign tokens, where a rotation makes them. Rights on keys that are not made yet can only be given by it.
pub const DEPLOYMENT_TAG: &str = "countersign-deployment";
/// The tag of those that sign checkpoints: who may sign tokens has no right on them.
pub const CHECKPOINTS_TAG: &str = "countersign-checkpoints";

impl<'a> Purpose<'a> {
    /// The encryption context, name by name.
    pub(crate) fn context(self, deployment: &'a str) -> Vec<(&'static str, &'a str)> {
        match self {
            Self::ServerSecret => vec![("countersign", "server-secret"), ("deployment", deployment)],
            Self::SigningKey { name } => {
                vec![("countersign", "signing-key"), ("deployment", deployment), ("key", name)]
            }
            Self::CheckpointKey { name } => {
                vec![("countersign", "checkpoint-key"), ("deployment", deployment), ("key", name)]
            }
        }
    }
}

/// How new signing keys are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningMode {
    /// KMS signs each token.
    Kms,
    /// KMS opens the key once for each start of a function, which signs by itself from then on.
    KmsWrapped,
}

impl SigningMode {
    /// Reads `kms` or `kms-wrapped`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "kms" => Some(Self::Kms),
            "kms-wrapped" => Some(Self::KmsWrapped),
            _ => None,
        }
    }

    /// Whether a key is kept in this way.
    pub(crate) const fn keeps(self, custody: &RingCustody) -> bool {
        matches!(
            (self, custody),
            (Self::Kms, RingCustody::Kms { .. }) | (Self::KmsWrapped, RingCustody::KmsWrapped { .. })
        )
    }
}

/// The algorithms that a deployment has a key for.
pub(crate) const ALGORITHMS: [SigningAlgorithm; 2] = [SigningAlgorithm::Es256, SigningAlgorithm::Rs256];
