use environment::Fault;
use http::{Problem, Response};
use oauth::{DeviceId, GrantId, Refusal};
use pages::LeadsTo;
use serde::{Deserialize, Serialize};

use crate::Guest;

/// Where a person goes who signs in without a client having sent them. It travels with the sign-in page, sealed for the
/// browser: nobody can be led elsewhere by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Destination {
    /// A page of their account beside the front page. It stands first: what lacks a field is taken for one that may lack it.
    Page {
        /// Which.
        page: AccountPage,
    },
    /// Where a link leads that was sent to a device: whether it is good is looked at when its form comes.
    Device {
        /// Which device.
        device: DeviceId,
        /// The code of the link.
        code: String,
    },
    /// What waits for their answer: all of it, or the one request.
    Approval {
        /// The request that a message named, be there such a one or not.
        approval: Option<GrantId>,
    },
    /// Their account.
    Account,
}

/// A page of the account beside the front page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountPage {
    /// Where a person invites an agent.
    Invitations,
    /// Where they set the code that agents have to show.
    UserCode,
    /// What they are reached on.
    Devices,
    /// What they sign in with.
    Passkeys,
    /// What agents hold in their name.
    Agents,
}

impl AccountPage {
    /// Its path, below that of the pages' URL.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Invitations => "/account/invitations",
            Self::UserCode => "/account/user-code",
            Self::Devices => "/account/devices",
            Self::Passkeys => "/account/passkeys",
            Self::Agents => "/account/agents",
        }
    }
}

/// The seal of a sign-in that no client asked for.
const ALONE: &str = "sign-in";

impl Destination {
    /// What the sign-in page says of it.
    pub const fn leads_to(&self) -> LeadsTo<'static> {
        match self {
            Self::Approval { .. } => LeadsTo::Approval,
            Self::Account | Self::Page { .. } | Self::Device { .. } => LeadsTo::Account,
        }
    }

    /// Its path, below that of the pages' URL.
    pub fn path(&self) -> String {
        match self {
            Self::Approval { approval: Some(id) } => format!("/approval?request={id}"),
            Self::Approval { approval: None } => "/approval".to_owned(),
            Self::Account => "/account".to_owned(),
            Self::Page { page } => page.path().to_owned(),
            Self::Device { device, code } => format!("/account/devices/confirm?device={device}&code={code}"),
        }
    }
}

impl Guest<'_> {
    /// The sign-in page for somebody who came on their own.
    ///
    /// # Errors
    /// When the browser's cookie cannot be set.
    pub fn sign_in_alone(&self, destination: &Destination) -> Result<Response, Problem> {
        self.sign_in_form(&self.sealed_destination(destination)?, destination.leads_to(), "", None)
    }

    /// Opens the destination that this browser brings back.
    ///
    /// # Errors
    /// [`Refusal::FormRejected`].
    pub fn open_destination(&self, sealed: &str) -> Result<Destination, Refusal> {
        self.open_for(ALONE, sealed, &[])
    }

    fn sealed_destination(&self, destination: &Destination) -> Result<String, Fault> {
        let until = self.now.after(self.configuration.server.lifetimes.interaction);
        self.seal_for(ALONE, destination, &[], until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_that_an_earlier_version_began_leads_to_the_account() {
        assert_eq!(serde_json::from_str::<Destination>("null").unwrap(), Destination::Account);
        assert_eq!(serde_json::to_string(&Destination::Account).unwrap(), "null");
    }

    #[test]
    fn a_destination_comes_back_as_it_was() {
        for approval in [None, Some(GrantId::from_random([7; 16]))] {
            comes_back(&Destination::Approval { approval });
        }
        let device = DeviceId::from_random([7; 16]);
        comes_back(&Destination::Device { device, code: "c0de".to_owned() });
        for page in
            [AccountPage::Invitations, AccountPage::UserCode, AccountPage::Devices, AccountPage::Passkeys]
        {
            comes_back(&Destination::Page { page });
        }
    }

    #[track_caller]
    fn comes_back(destination: &Destination) {
        let text = serde_json::to_string(destination).unwrap();
        assert_eq!(&serde_json::from_str::<Destination>(&text).unwrap(), destination, "{text}");
    }
}
