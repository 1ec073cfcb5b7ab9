use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use cli::files::Lifetime;
use cli::{CheckedFolder, IssuerChoice, PolicyRequest, check_folder, read_policy_cases, told};
use environment::Clock;
use oauth::configuration::Profile;
use serde_json::{Map, Value, json};
use store::Snapshot;

use crate::Stop;
use crate::arguments::{Where, attribute};
use crate::configuration::{SOME_ISSUER, counted, refused};
use crate::terminal::Terminal;

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Decide the cases of a file, and say which went otherwise than expected
    #[command(after_long_help = "\
Nothing is asked of any server. The policies, clients, tools and people are those of the configuration folder.

Example:
  countersign policy test infra/config/demo/policies/cases.toml")]
    Test(Test),
    /// Say which policies decide a request
    #[command(after_long_help = "\
With --config the policies of a folder, without it those in force. The person is known there by their user name, and in
force by their sub too. Of a client that nobody here registers its id is enough, if such a one may come.

What is not said is as where nothing is unusual: an access token (a refresh token for refresh_token_by_exchange), nobody else's
word, no client between, and who grants something has signed in just now. What the server never says where it asks about an
action is refused.

Examples:
  countersign policy explain --client finance-agent --person alice --action grant --tool files --scope files.read
  countersign policy explain --config my-config --client nightly-agent --action client_credentials --tool files \\
    --detail '{\"type\":\"file_access\",\"actions\":[\"read\"]}'
  countersign policy explain --client customers-tool --person alice --actor reports-tool --action token_exchange \\
    --tool ledger --scope ledger.read --requested saml2 --amr pwd --auth-age \"20 min\"")]
    Explain(Box<Explain>),
    /// Write the schema for policies: what they can speak of, with the detail types of a configuration folder
    #[command(after_long_help = "\
Example:
  countersign policy schema my-config > my-config/policies/countersign.cedarschema")]
    Schema(Schema),
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The file of cases
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The configuration folder [default: the one in whose policies/ the file lies]
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// The configuration folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The configuration folder [default: what is in force]
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// The client that asks
    #[arg(long, value_name = "ID")]
    client: String,
    /// The person for whom it asks, by user name
    #[arg(long, value_name = "USER")]
    person: Option<String>,
    /// The person's sub [default: that of the table; needed with --config where a policy names people by it]
    #[arg(long, value_name = "SUB", requires = "person")]
    subject: Option<String>,
    /// A group of the person, in place of those of their record; can be repeated
    #[arg(long = "group", value_name = "GROUP", requires = "person")]
    groups: Vec<String>,
    /// Something else that is known of the person, in place of what their record says; can be repeated
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = attribute, requires = "person")]
    attributes: Vec<(String, String)>,
    /// What it asks for: ask, grant, `client_credentials`, `token_exchange`, impersonate or `refresh_token_by_exchange`
    #[arg(long, value_name = "NAME")]
    action: String,
    /// The tool's id or resource, or issuer
    #[arg(long, value_name = "ID")]
    tool: String,
    /// A scope; can be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// An authorization detail, in JSON; can be repeated
    #[arg(long = "detail", value_name = "JSON", value_parser = detail)]
    details: Vec<Map<String, Value>>,
    /// What is issued: `access_token`, `refresh_token`, `id_token`, saml2 or id-jag
    #[arg(long, value_name = "NAME")]
    requested: Option<String>,
    /// The other issuer that vouches for whom it is about
    #[arg(long, value_name = "ISS")]
    origin: Option<String>,
    /// A client between the person and this one, the nearest first; can be repeated
    #[arg(long = "actor", value_name = "ID")]
    actors: Vec<String>,
    /// The client whose token this one shows as `actor_token`, to say that it acts
    #[arg(long = "actor-token", value_name = "ID")]
    actor: Option<String>,
    /// How strongly the person has authenticated, where another issuer has said so
    #[arg(long, value_name = "ACR")]
    acr: Option<String>,
    /// By which means, such as pwd; can be repeated
    #[arg(long = "amr", value_name = "AMR")]
    amr: Vec<String>,
    /// How long ago, such as "20 min"
    #[arg(long, value_name = "SPAN", value_parser = age)]
    auth_age: Option<Lifetime>,
    /// The moment [default: now]
    #[arg(long, value_name = "MOMENT")]
    now: Option<String>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

pub(crate) async fn run(command: PolicyCommand, terminal: &mut Terminal) -> Result<(), Stop> {
    match command {
        PolicyCommand::Test(command) => test(&command, terminal),
        PolicyCommand::Explain(command) => explain(&command, terminal).await,
        PolicyCommand::Schema(command) => {
            terminal.write(&::policy::schema(&checked(&command.folder)?.snapshot.detail_types));
            Ok(())
        }
    }
}

fn checked(folder: &Path) -> Result<CheckedFolder, Stop> {
    let choice = IssuerChoice { argument: None, otherwise: Some(SOME_ISSUER) };
    check_folder(folder, &choice).map_err(|complaints| refused(&complaints))
}

fn test(command: &Test, terminal: &mut Terminal) -> Result<(), Stop> {
    let cases = read_policy_cases(&command.file).map_err(|complaints| refused(&complaints))?.cases;
    let folder = match &command.config {
        Some(folder) => folder.clone(),
        None => around(&command.file)?,
    };
    let checked = checked(&folder)?;
    let now = Clock::system().now();
    let mut otherwise = 0;
    for case in &cases {
        let problem = match case.run(&checked.snapshot, &checked.people, now) {
            Ok(None) => continue,
            Ok(Some(problem)) => problem,
            Err(wrong) => format!("the case is wrong: {wrong}"),
        };
        otherwise += 1;
        terminal.say(format_args!("{}: {problem}", case.name));
    }
    let of = counted(cases.len(), "case", "cases");
    if cases.is_empty() {
        return Err(Stop::refused("There is no case in it."));
    }
    if otherwise > 0 {
        return Err(Stop::refused(format_args!("{otherwise} of {of} went otherwise.")));
    }
    terminal.say(format_args!("{of}, all as expected."));
    Ok(())
}

/// The configuration folder in whose `policies/` a file lies.
fn around(file: &Path) -> Result<PathBuf, Stop> {
    let file = file.canonicalize().map_err(Stop::refused)?;
    let folder = file.parent().and_then(Path::parent);
    folder
        .map(Path::to_owned)
        .ok_or_else(|| Stop::Usage("Which configuration? Name its folder with --config.".to_owned()))
}

async fn explain(command: &Explain, terminal: &mut Terminal) -> Result<(), Stop> {
    let mut request = command.request();
    let (snapshot, people) = match &command.config {
        Some(folder) => {
            let CheckedFolder { snapshot, people } = checked(folder)?;
            (snapshot, people)
        }
        None => in_force(&command.place, &mut request).await?,
    };
    let answer = request.decide(&snapshot, &people, Clock::system().now()).map_err(Stop::Refused)?;
    if command.json {
        terminal.json(
            &json!({ "allowed": answer.refused.is_empty(), "by": answer.by(), "parts": told(&answer) }),
        );
        return Ok(());
    }
    if snapshot.policies.is_empty() {
        terminal
            .say("There are no policies: an exchange is refused, and registration decides everything else.");
    }
    for line in told(&answer) {
        terminal.say(line);
    }
    Ok(())
}

/// What is in force, and the person, who is there for whom the table says that they are.
async fn in_force(place: &Where, request: &mut PolicyRequest) -> Result<(Snapshot, Vec<Profile>), Stop> {
    let store = place.store().await?;
    let in_force = store.snapshot().await.map_err(Stop::refused)?;
    let (_, snapshot) = in_force.ok_or_else(|| Stop::refused("No configuration was ever applied."))?;
    let Some(user_name) = &request.person else { return Ok((snapshot, Vec::new())) };
    let Some(person) = store.person_by_user_name(user_name).await.map_err(Stop::refused)? else {
        return Ok((snapshot, Vec::new()));
    };
    let id = person.id.to_string();
    if request.subject.as_ref().is_some_and(|subject| *subject != id) {
        return Err(Stop::refused(format_args!("{user_name:?} is {id}")));
    }
    request.subject = Some(id);
    Ok((snapshot, vec![person.profile]))
}

impl Explain {
    fn request(&self) -> PolicyRequest {
        let (groups, attributes) = (&self.groups, &self.attributes);
        PolicyRequest {
            client: self.client.clone(),
            person: self.person.clone(),
            subject: self.subject.clone(),
            groups: (!groups.is_empty()).then(|| groups.iter().cloned().collect()),
            attributes: (!attributes.is_empty()).then(|| attributes.iter().cloned().collect()),
            action: self.action.clone(),
            tool: self.tool.clone(),
            scopes: self.scopes.clone(),
            details: self.details.clone(),
            requested: self.requested.clone(),
            origin: self.origin.clone(),
            actors: self.actors.clone(),
            actor: self.actor.clone(),
            acr: self.acr.clone(),
            amr: self.amr.clone(),
            auth_age: self.auth_age,
            now: self.now.clone(),
        }
    }
}

fn age(text: &str) -> Result<Lifetime, String> {
    let wrong = || "write a whole number and a unit, such as \"30 s\", \"20 min\" or \"7 d\"".to_owned();
    Lifetime::parse(text).ok_or_else(wrong)
}

fn detail(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}
