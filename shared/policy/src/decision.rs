/// What the policies say to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// At least one policy permits it and none forbids it.
    Allowed {
        /// The policies that permit it. None for what a configuration without any policy leaves to the registration.
        by: Vec<String>,
    },
    /// It is refused.
    Denied {
        /// The policies that forbid it; none when it is refused because no policy permits it.
        by: Vec<String>,
    },
    /// It is refused until a person approves it: nothing else stands against it.
    OnceApproved {
        /// The policies that forbid it until then.
        by: Vec<String>,
    },
    /// It is refused because a policy could not be evaluated: one that forbids may be among them.
    Failed {
        /// The policies that failed; none when the question itself could not be put to them.
        by: Vec<String>,
        /// What happened, for the operator alone: it may hold what the policy looked at.
        why: String,
    },
}

impl Decision {
    /// Whether it is allowed.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }

    /// The policies that decided it, by id.
    pub fn by(&self) -> &[String] {
        match self {
            Self::Allowed { by }
            | Self::Denied { by }
            | Self::OnceApproved { by }
            | Self::Failed { by, .. } => by,
        }
    }
}
