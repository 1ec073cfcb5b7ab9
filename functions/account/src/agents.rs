//! `/account/agents`: what agents hold in a person's name, what was done with it, and how it ends. Nothing of another person is ever
//! there: all of it is found by whose it is, and an id that leads elsewhere is one that does not exist.

mod chain;
mod ending;
mod listing;
mod signed;

use http::{Problem, Response, StatusCode, query};
use oauth::{GrantId, Parameters, Refusal};
use pages::{AgentAccessPage, AgentsNotice, AgentsPage};
use reception::{AccountPage, Destination, Guest, SignedIn};

use self::chain::chain_of;
pub(crate) use self::ending::{show as show_end, submit as submit_end};
use self::listing::{Listing, Search};
pub(crate) use self::signed::{give_out as give_out_evidence, show as show_signed};

/// Shows what the search leaves of everything that is held, or the sign-in page for whoever is not signed in.
pub(crate) async fn show(guest: &Guest<'_>) -> Result<Response, Problem> {
    let parameters = query(guest.request)?;
    let Some((signed_in, listing)) = listed(guest).await? else { return to_sign_in(guest) };
    let search = Search::parse(&parameters)?;
    let notice = parameters.optional("notice")?.and_then(AgentsNotice::parse);
    page(guest, &signed_in, &listing, &search, (StatusCode::OK, notice))
}

/// Shows one authorization.
pub(crate) async fn show_access(guest: &Guest<'_>) -> Result<Response, Problem> {
    let id = of(&query(guest.request)?)?;
    let Some((signed_in, listing)) = listed(guest).await? else { return to_sign_in(guest) };
    let Some((held, holding)) = listing.find(&id) else { return gone(guest, &signed_in, &listing) };
    // A list does not read large details; here they are read.
    let whole = if held.has_details_beside { guest.store.authorization(&id).await? } else { None };
    let whole = whole.as_ref().and_then(|whole| whole.holding(guest.now));
    let shown = whole.as_ref().unwrap_or(&holding);
    let (hops, chain_is_whole) = match holding.root {
        None => guest.store.hops_of(&id).await?,
        // They stand under the authorization that this comes from.
        Some(_) => (vec![], true),
    };
    let names = listing.names.with(guest, hops.iter().map(|hop| &hop.client_id)).await?;
    let page = AgentAccessPage {
        frame: guest.frame(),
        agent: listing.names.of(holding.client_id),
        agent_id: holding.client_id.as_str(),
        access: listing.access(guest, shown),
        zone: &signed_in.zone(),
        chain: chain_of(guest, &hops, &names),
        chain_is_whole,
        token_lives: listing
            .token_lives(guest, &signed_in, |other| other.id == &id || other.root == Some(&id)),
    };
    guest.page(StatusCode::OK, page.render(), &[])
}

/// Who is signed in, and what their agents hold.
async fn listed(guest: &Guest<'_>) -> Result<Option<(SignedIn, Listing)>, Problem> {
    let Some(signed_in) = guest.signed_in().await? else { return Ok(None) };
    let listing = Listing::read(guest, &signed_in.session.person).await?;
    let own = listing.filter(|listing| listing.held.person.allows(&signed_in.session));
    Ok(own.map(|listing| (signed_in, listing)))
}

fn to_sign_in(guest: &Guest<'_>) -> Result<Response, Problem> {
    guest.sign_in_alone(&Destination::Page { page: AccountPage::Agents })
}

/// Which authorization is meant.
fn of(parameters: &Parameters) -> Result<GrantId, Refusal> {
    let malformed = Refusal::MalformedParameter { name: "of", expected: "an authorization's identifier" };
    GrantId::parse(parameters.required("of")?).ok_or(malformed)
}

/// The answer about what is not there, be it over, another person's, or made up.
fn gone(guest: &Guest<'_>, signed_in: &SignedIn, listing: &Listing) -> Result<Response, Problem> {
    let notice = Some(AgentsNotice::Gone);
    page(guest, signed_in, listing, &Search::default(), (StatusCode::NOT_FOUND, notice))
}

fn page(
    guest: &Guest<'_>,
    signed_in: &SignedIn,
    listing: &Listing,
    search: &Search,
    (status, notice): (StatusCode, Option<AgentsNotice>),
) -> Result<Response, Problem> {
    let page = AgentsPage {
        frame: guest.frame(),
        person: signed_in.person(),
        zone: &signed_in.zone(),
        agents: listing.found(guest, search),
        search: listing.choices(guest, search),
        notice,
    };
    guest.page(status, page.render(), &[])
}
