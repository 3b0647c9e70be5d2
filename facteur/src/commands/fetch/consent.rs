//! Getting a person's consent for their mailbox elsewhere, where a password is not enough (OAuth 2).

use mail::Password;
use mra::Secret;
use mra::oauth::browser::BrowserLogin;
use mra::oauth::device::DeviceLogin;
use mra::oauth::{App, Grant, Https, Provider};
use net::ClientTls;

use crate::command_line::fetch::{FetchLogin, OAuth};
use crate::commands::account::ask;
use crate::config::Config;
use crate::control::Named;
use crate::failure::Failure;
use crate::language::say;
use crate::{server, terminal};

/// A refresh token: one that was given to us, or one that the person now consents to.
pub fn get(login: &FetchLogin, oauth: &OAuth, client: &str, host: &str, config: &Config) -> Result<Secret, Failure> {
    let provider = provider(oauth, host)?;
    let app = App { id: client.to_owned(), secret: client_secret(oauth)? };
    let refresh = if login.password_stdin {
        ask::password_on_stdin()?
    } else if let Some(path) = &login.password_file {
        first_line(path, Named::Password)?
    } else {
        consent(&provider, &app, config)?
    };
    Ok(Secret::OAuth { provider: Box::new(provider), app, refresh })
}

fn client_secret(oauth: &OAuth) -> Result<Option<Password>, Failure> {
    oauth.oauth_secret_file.as_deref().map(|path| first_line(path, Named::OAuthSecret)).transpose()
}

/// The first line of a file that the caller reads.
pub fn first_line(path: &std::path::Path, named: Named) -> Result<Password, Failure> {
    let shown = path.display();
    let text = terminal::file(named).map_err(|failure| {
        let why = failure.text;
        Failure::new(say!("{shown} cannot be read: {why}", "impossible de lire {shown} : {why}"))
    })?;
    let text = String::from_utf8_lossy(&text);
    let first = text.lines().next().unwrap_or_default();
    if first.is_empty() {
        return Err(Failure::new(say!("the first line of {shown} is empty", "la première ligne de {shown} est vide")));
    }
    Ok(Password::new(first.to_owned()))
}

fn provider(oauth: &OAuth, host: &str) -> Result<Provider, Failure> {
    let unknown = || {
        Failure::new(say!(
            "who gives tokens for {host} is not known; say --oauth-token-url, --oauth-scope, and --oauth-device-url or --oauth-login-url, as the provider's pages tell",
            "on ne sait pas qui donne des jetons pour {host} ; dites --oauth-token-url, --oauth-scope, et --oauth-device-url ou --oauth-login-url, d'après les pages du fournisseur"
        ))
    };
    let Some(token) = &oauth.oauth_token_url else { return Provider::of_host(host).ok_or_else(unknown) };
    let (device, authorize) = (oauth.oauth_device_url.as_deref(), oauth.oauth_login_url.as_deref());
    let scopes = oauth.oauth_scope.as_deref().unwrap_or_default();
    Provider::other(token, device, authorize, scopes).map_err(|why| Failure { status: 2, text: why.to_string() })
}

fn consent(provider: &Provider, app: &App, config: &Config) -> Result<Password, Failure> {
    let no_tls = |why: net::TlsError| Failure::new(server::StartFault::Tls(why).to_string());
    let https = Https::new(ClientTls::verified().map_err(no_tls)?, server::resolver(config)?);
    let asking = async {
        if provider.device.is_some() {
            by_code(&https, provider, app).await
        } else {
            by_browser(&https, provider, app).await
        }
    };
    let granted = crate::threads::on_one_thread()?.block_on(async {
        tokio::select! {
            granted = asking => Ok(granted),
            () = terminal::stopped() => Err(Failure::new(say!("it was stopped", "la commande a été arrêtée"))),
        }
    })?;
    let grant = granted.map_err(|why| {
        Failure::new(say!("the provider gave no token: {why}", "le fournisseur n'a pas donné de jeton : {why}"))
    })?;
    grant.refresh.ok_or_else(|| {
        Failure::new(say!(
            "the provider gave no refresh token, so the mailbox could be read for an hour only; ask for a scope that gives one (offline_access, say)",
            "le fournisseur n'a pas donné de jeton durable : la boîte ne serait lisible qu'une heure ; demandez une portée qui en donne un (offline_access, par exemple)"
        ))
    })
}

async fn by_code(https: &Https, provider: &Provider, app: &App) -> Result<Grant, mra::oauth::Error> {
    let login = DeviceLogin::begin(https, provider, app).await?;
    let (address, code, minutes) = (&login.address, &login.code, login.lifetime.as_secs() / 60);
    terminal::note(&say!(
        "On any device, open {address} and type {code}. The code is good for {minutes} minutes.\n",
        "Sur n'importe quel appareil, ouvrez {address} et tapez {code}. Le code vaut {minutes} minutes.\n"
    ));
    login.wait(https, provider, app).await
}

async fn by_browser(https: &Https, provider: &Provider, app: &App) -> Result<Grant, mra::oauth::Error> {
    let login = BrowserLogin::begin(provider, app).await?;
    let address = &login.address;
    terminal::note(&say!(
        "In a browser on this machine, open:\n\n{address}\n\n",
        "Dans un navigateur sur cette machine, ouvrez :\n\n{address}\n\n"
    ));
    let page = say!(
        "Facteur may read your mail. You can close this page.",
        "Facteur peut lire votre courrier. Vous pouvez fermer cette page."
    );
    let yes = login.wait(provider, &page).await?;
    login.finish(https, provider, app, yes).await
}
