//! Push channels: what is watched, and the messages that are due.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Server;

/// A message to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Where to.
    pub url: String,
    /// Its headers; it has no body.
    pub headers: Vec<(String, String)>,
}

/// A channel that is open.
#[derive(Debug, Clone)]
struct Channel {
    calendar: String,
    url: String,
    token: String,
    resource: String,
    expiration: i64,
    messages: u64,
}

/// All that are open, by id, and what is to be sent.
#[derive(Debug, Default)]
pub(super) struct Channels {
    open: BTreeMap<String, Channel>,
    due: Vec<Notice>,
}

impl Channels {
    pub fn drain(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.due)
    }

    pub fn stop(&mut self, body: &Value) -> Value {
        self.open.remove(body["id"].as_str().unwrap_or_default());
        Value::Null
    }

    /// A calendar has changed: every channel on it says so.
    pub fn changed(&mut self, calendar: &str) {
        let ids: Vec<String> = self
            .open
            .iter()
            .filter(|(_, open)| open.calendar == calendar)
            .map(|(id, _)| id.clone())
            .collect();
        for id in ids {
            self.say(&id, "exists");
        }
    }

    fn say(&mut self, id: &str, state: &str) {
        let Some(channel) = self.open.get_mut(id) else { return };
        channel.messages += 1;
        let headers = [
            ("x-goog-channel-id", id.to_owned()),
            ("x-goog-channel-token", channel.token.clone()),
            ("x-goog-channel-expiration", channel.expiration.to_string()),
            ("x-goog-message-number", channel.messages.to_string()),
            ("x-goog-resource-id", channel.resource.clone()),
            ("x-goog-resource-state", state.to_owned()),
            (
                "x-goog-resource-uri",
                format!("https://www.googleapis.com/calendar/v3/calendars/{}/events", channel.calendar),
            ),
        ];
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.due.push(Notice { url: channel.url.clone(), headers });
    }
}

impl Server {
    /// `events.watch`: the first message only says that the channel is open.
    pub(super) fn watch(&mut self, calendar: &str, body: &Value) -> Value {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let id = text("id");
        let resource = format!("res-{calendar}");
        let asked = body["expiration"].as_str().and_then(|text| text.parse().ok());
        let expiration = asked.unwrap_or(self.now.timestamp_millis() + 604_800_000);
        let channel = Channel {
            calendar: calendar.to_owned(),
            url: text("address"),
            token: text("token"),
            resource: resource.clone(),
            expiration,
            messages: 0,
        };
        self.push.open.insert(id.clone(), channel);
        self.push.say(&id, "sync");
        json!({
            "kind": "api#channel", "id": id, "resourceId": resource, "token": text("token"),
            "resourceUri": format!("https://www.googleapis.com/calendar/v3/calendars/{calendar}/events?alt=json"),
            "expiration": expiration.to_string(),
        })
    }

    /// Ids of the channels that are open.
    pub fn channels(&self) -> Vec<String> {
        self.push.open.keys().cloned().collect()
    }
}
