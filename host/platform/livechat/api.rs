//! Serves the Configuration API's bot agents as LiveChat documents them (seed 004; platforms.md C1, C2): the five methods under
//! `/configuration/action/` and `/configuration/agents/` (conformance 222), for v3.0 and v3.1.

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value, json};

use self::answers::{Fault, done};
pub(super) use self::answers::{forbidden, unauthorized, unavailable};
use self::form::{Change, Form, Made};
use super::registration::Registration;
use super::{NAME, V30, bot_id};
use crate::domain::bot::{Bot, Credentials, Scheme, Target};
use crate::domain::names::ModuleName;
use crate::domain::scope::Scope;
use crate::domain::secret::Secret;
use crate::platform::{ApiAnswer, ApiCall, Host, HostError};

mod answers;
mod filters;
mod form;

/// What a key without a `client_id` acts as: an app named for its tenant. Nobody else's app may begin like it.
const TENANTS_APP: &str = "tenant:";

/// The module of bot agents without webhooks: they get no events, since `verify` lets none in.
const NO_WEBHOOKS: &str = "no-webhooks";

/// The methods (conformance 223, 247, 250, 264, 268).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Create,
    Remove,
    Update,
    List,
    Details,
}

impl Action {
    /// The method that a path below the prefix names.
    fn of(path: &str) -> Option<Self> {
        let (room, method) = path.split_once('/')?;
        let action = match method {
            "create_bot_agent" => Self::Create,
            "remove_bot_agent" => Self::Remove,
            "update_bot_agent" => Self::Update,
            "get_bot_agents" => Self::List,
            "get_bot_agent_details" => Self::Details,
            _ => return None,
        };
        ["action", "agents"].contains(&room).then_some(action)
    }
}

/// A scope by its name; one that there is not would need all of them.
fn named(scope: &str) -> Scope {
    Scope::parse(scope).unwrap_or(Scope::ADMIN)
}

/// The least that a call needs. What it needs besides, for the bot agents of other apps, is asked when it is known whose they are.
pub(super) fn scope(path: &str) -> Scope {
    match Action::of(path) {
        Some(Action::Create | Action::Remove | Action::Update) => named("agents-bot--my:rw"),
        Some(Action::List | Action::Details) | None => named("agents-bot--my:ro"),
    }
}

/// Answers one call.
pub(super) async fn serve(call: ApiCall, host: &dyn Host) -> ApiAnswer {
    let served = match Action::of(&call.path) {
        None => Err(Fault::unknown(&call.path)),
        Some(_) if call.method != Method::POST => Err(Fault::method(&call.method)),
        Some(action) => Caller::of(&call, host).serve(action).await,
    };
    served.unwrap_or_else(|fault| {
        if let Fault::Host(error @ HostError::Failed(_)) = &fault {
            tracing::error!(tenant = %call.tenant, path = call.path, %error, "a call of the API failed");
        }
        fault.answer()
    })
}

/// Who calls, and in which app's name.
struct Caller<'a> {
    call: &'a ApiCall,
    host: &'a dyn Host,
    app: String,
}

impl<'a> Caller<'a> {
    fn of(call: &'a ApiCall, host: &'a dyn Host) -> Self {
        let app = call.client_id.clone().unwrap_or_else(|| format!("{TENANTS_APP}{}", call.tenant));
        Self { call, host, app }
    }

    async fn serve(&self, action: Action) -> Result<ApiAnswer, Fault> {
        let params = params(&self.call.body)?;
        match action {
            Action::Create => self.create(&params).await,
            Action::Remove => self.remove(&params).await,
            Action::Update => self.update(&params).await,
            Action::List => self.list(&params).await,
            Action::Details => self.details(&params).await,
        }
    }

    fn form<'p>(&'p self, params: &'p Map<String, Value>) -> Form<'p> {
        Form::new(params, self.host, self.call.prefix != V30)
    }

    async fn create(&self, params: &Map<String, Value>) -> Result<ApiAnswer, Fault> {
        let Made { id, registration, webhooks } = self.form(params).create()?;
        let borrowed = self.call.client_id.is_some() && self.app.starts_with(TENANTS_APP);
        if borrowed {
            let reason = format!(
                "the client_id {} begins like those of keys without one; no bot agent can be owned by it",
                self.app
            );
            return Err(Fault::Authorization(reason));
        }
        let id = match id {
            Some(id) => id,
            None => self.host.new_bot_id()?.as_str().to_owned(),
        };
        if self.bots().await?.iter().any(|bot| bot.platform_id == id) {
            return Err(Fault::Validation(vec![format!(
                "id: there is a bot agent {id} already; use update_bot_agent"
            )]));
        }
        let (target, secret) = webhooks.unwrap_or_else(|| (nowhere(), Secret::new("")));
        let bot = Bot {
            id: bot_id(&self.call.tenant, &id),
            tenant: self.call.tenant.clone(),
            platform: NAME.to_owned(),
            platform_id: id.clone(),
            network: NAME.to_owned(),
            channel: NAME.to_owned(),
            account: self.app.clone(),
            target,
            pin: None,
            mode: registration.mode(),
            credentials: Credentials { scheme: Scheme::Basic, identity: String::new(), secret },
            config: config(&registration),
            registration: written(&registration)?,
            created_ms: self.call.now_ms,
            updated_ms: self.call.now_ms,
            revision: 0,
        };
        self.host.put_bot(bot, self.call.actor.clone()).await?;
        Ok(done(&json!({ "bot_agent_id": id })))
    }

    async fn remove(&self, params: &Map<String, Value>) -> Result<ApiAnswer, Fault> {
        let id = self.form(params).id("bot_agent_id")?;
        let bot = self.find(&id).await?;
        self.reach(&bot, "agents-bot--all:rw")?;
        self.host.remove_bot(&bot.id, self.call.actor.clone()).await?;
        Ok(done(&json!({})))
    }

    async fn update(&self, params: &Map<String, Value>) -> Result<ApiAnswer, Fault> {
        let mut form = self.form(params);
        let id = form.id("id")?;
        let bot = self.find(&id).await?;
        if bot.account != self.app {
            let reason = format!("the bot agent {id} is another app's, which alone may update it");
            return Err(Fault::Authorization(reason));
        }
        let Change { registration, webhooks } = form.update(Registration::of(&bot))?;
        let mut changed = Bot {
            mode: registration.mode(),
            config: config(&registration),
            registration: written(&registration)?,
            updated_ms: self.call.now_ms,
            ..(*bot).clone()
        };
        if let Some((target, secret)) = webhooks {
            changed.target = target;
            changed.credentials.secret = secret;
        }
        self.host.put_bot(changed, self.call.actor.clone()).await?;
        Ok(done(&json!({})))
    }

    /// The caller's own, or all (conformance 266), without details (conformance 275).
    async fn list(&self, params: &Map<String, Value>) -> Result<ApiAnswer, Fault> {
        let all = self.form(params).flag("all")?;
        if all {
            self.may("agents-bot--all:ro", "the bot agents of other apps")?;
        }
        let bots = self.bots().await?;
        let shown = bots.iter().filter(|bot| all || bot.account == self.app).map(|bot| {
            let registration = Registration::of(bot);
            let status = registration.status.map(super::registration::Status::name);
            json!({ "id": bot.platform_id, "name": registration.name, "avatar": registration.avatar, "status": status })
        });
        Ok(done(&json!({ "bot_agents": shown.collect::<Vec<_>>() })))
    }

    /// Everything, the key of the webhooks included (conformance 270, 274).
    async fn details(&self, params: &Map<String, Value>) -> Result<ApiAnswer, Fault> {
        let id = self.form(params).id("bot_agent_id")?;
        let bot = self.find(&id).await?;
        self.reach(&bot, "agents-bot--all:ro")?;
        let Registration { name, avatar, status, max_chats_count, groups, default_group_priority, webhooks, metadata } =
            Registration::of(&bot);
        let mut shown = json!({
            "id": bot.platform_id, "name": name, "avatar": avatar, "status": status,
            "application": { "client_id": bot.account }, "max_chats_count": max_chats_count, "groups": groups,
        });
        if let Some(webhooks) = webhooks {
            let secret = bot.credentials.secret.reveal();
            shown["webhooks"] = json!({ "url": webhooks.url, "secret_key": secret, "actions": webhooks.actions });
        }
        // Not in the documented answer; shown only where they were set.
        if let Some(priority) = default_group_priority {
            shown["default_group_priority"] = json!(priority);
        }
        if let Some(metadata) = metadata {
            shown["metadata"] = Value::Object(metadata);
        }
        Ok(done(&json!({ "bot_agent": shown })))
    }

    async fn bots(&self) -> Result<Vec<Arc<Bot>>, HostError> {
        self.host.bots(&self.call.tenant, NAME).await
    }

    async fn find(&self, id: &str) -> Result<Arc<Bot>, Fault> {
        let bots = self.bots().await?;
        bots.into_iter().find(|bot| bot.platform_id == id).ok_or_else(|| Fault::no_bot(id))
    }

    /// Whether the caller may reach a bot agent: the bot's app may, and another with this scope.
    fn reach(&self, bot: &Bot, all: &str) -> Result<(), Fault> {
        if bot.account == self.app { Ok(()) } else { self.may(all, "the bot agent of another app") }
    }

    fn may(&self, scope: &str, what: &str) -> Result<(), Fault> {
        if self.call.scopes.allow(named(scope)) {
            return Ok(());
        }
        Err(Fault::Authorization(format!("{what} needs the scope {scope}")))
    }
}

/// The parameters of a call: the body, or its `payload` (conformance 220; platforms.md C0). No body is as good as an empty object.
fn params(body: &[u8]) -> Result<Map<String, Value>, Fault> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let violation = |text: String| Fault::Validation(vec![text]);
    let read: Value = serde_json::from_slice(body).map_err(|error| violation(not_json(body, &error)))?;
    let Value::Object(mut members) = read else { return Err(violation("$ must be a JSON object".to_owned())) };
    match members.remove("payload") {
        None => Ok(members),
        Some(Value::Object(payload)) => Ok(payload),
        Some(_) => Err(violation("payload must be a JSON object".to_owned())),
    }
}

/// Three of the documents' samples leave out quotes and colon (conformance 221).
fn not_json(body: &[u8], error: &serde_json::Error) -> String {
    let text = String::from_utf8_lossy(body);
    let inside = text.trim_start().strip_prefix('{').map(str::trim_start).unwrap_or_default();
    let printed = inside.strip_prefix("payload").is_some_and(|rest| rest.trim_start().starts_with('{'));
    let hint = if printed { "; `payload {` is a misprint of `\"payload\": {`" } else { "" };
    format!("$ is not JSON: {error}{hint}")
}

fn nowhere() -> Target {
    Target::Module { name: ModuleName::from(NO_WEBHOOKS), version: None }
}

fn config(registration: &Registration) -> String {
    registration.metadata.clone().map_or_else(|| "{}".to_owned(), |metadata| Value::Object(metadata).to_string())
}

fn written(registration: &Registration) -> Result<String, Fault> {
    serde_json::to_string(registration).map_err(|error| Fault::Host(HostError::Failed(error.to_string())))
}
