use std::time::Duration;

use cli::{disable_client, enable_client, rotate_secret};
use environment::{Clock, Dice};
use serde_json::json;

use crate::Stop;
use crate::arguments::{Client, RotateSecret};
use crate::terminal::{Terminal, moment};
use crate::trail::{About, record};

pub(crate) async fn run(client: Client, terminal: &mut Terminal) -> Result<(), Stop> {
    match client {
        Client::RotateSecret(client) => rotate(client, terminal).await,
        Client::Disable(client) => {
            disable_client(&client.place.store().await?, &client.id, Clock::system().now())
                .await
                .map_err(Stop::refused)?;
            record(&client.place, "client-disabled", &About::Client(&client.id));
            terminal.say(format_args!(
                "{} is switched off: it gets no token within seconds, and those it has are not active.",
                client.id
            ));
            Ok(())
        }
        Client::Enable(client) => {
            enable_client(&client.place.store().await?, &client.id, Clock::system().now())
                .await
                .map_err(Stop::refused)?;
            record(&client.place, "client-enabled", &About::Client(&client.id));
            terminal.say(format_args!("{} is switched on.", client.id));
            Ok(())
        }
    }
}

async fn rotate(client: RotateSecret, terminal: &mut Terminal) -> Result<(), Stop> {
    let store = client.place.store().await?;
    let overlap = if client.at_once { Duration::ZERO } else { client.overlap };
    let now = Clock::system().now();
    let new =
        rotate_secret(&store, &Dice::system(), &client.id, overlap, now).await.map_err(Stop::refused)?;
    record(&client.place, "secret-rotated", &About::Client(&client.id));
    if client.json {
        terminal.json(&json!({
            "client_id": client.id,
            "client_secret": new.secret.expose(),
            "earlier_ends_at": new.earlier_ends_at,
        }));
        return Ok(());
    }
    terminal.say(format_args!("The secret of {}, shown this once: {}", client.id, new.secret.expose()));
    if let Some(end) = new.earlier_ends_at {
        terminal.say(format_args!("The one before ends at {}.", moment(end)));
    }
    Ok(())
}
