//! What a customer would see of a turn, and what a developer wants to know of it.

use crate::cli::output::escaped;
use crate::cli::terminal::{self, Printer};
use crate::domain::action::{Action, Attachment, Button, ListPicker, Response};
use crate::domain::turn::Cause;
use crate::pipeline::record;
use crate::simulator::customer::Happening;
use crate::workbench::session::Turn;

/// Something that can be pressed or picked.
#[derive(Debug, Clone)]
pub(super) enum Offer {
    Button { text: String, payload: String, is_reply: bool },
    Choice { id: String, title: String },
}

impl Offer {
    /// What happens when it is.
    pub(super) fn happening(&self) -> Happening {
        match self.clone() {
            Self::Button { text, payload, is_reply } => Happening::Presses { text, payload, is_reply },
            Self::Choice { id, title } => Happening::Picks { id, title },
        }
    }
}

/// Where a conversation is shown; with colours on a terminal.
pub(super) struct Screen {
    printer: Printer,
    colours: bool,
    /// Whether the log of a turn that went well is shown.
    pub(super) shows_log: bool,
}

/// What tells a function of a language's own library: its name begins so, or its source is there.
const LIBRARIES: [&str; 3] = ["std::", "core::", "__rustc::"];
const LIBRARY_SOURCES: [&str; 3] = [" (/rustc/", " (wasisdk:", "/ziglang/lib/"];

const BOT: &str = "36";
const QUIET: &str = "2";
const CHANGED: &str = "33";
const WRONG: &str = "31";

impl Screen {
    pub(super) fn new(printer: Printer) -> Self {
        Self { printer, colours: terminal::is_terminal(), shows_log: false }
    }

    /// A line as it is.
    pub(super) fn line(&mut self, text: &str) {
        (self.printer)(text.to_owned());
    }

    fn paint(&mut self, colour: &str, text: &str) {
        (self.printer)(if self.colours { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() });
    }

    /// A word beside the conversation.
    pub(super) fn note(&mut self, text: &str) {
        self.paint(QUIET, text);
    }

    /// A difference.
    pub(super) fn changed(&mut self, text: &str) {
        self.paint(CHANGED, &format!("  {text}"));
    }

    /// A complaint.
    pub(super) fn wrong(&mut self, text: &str) {
        self.paint(WRONG, text);
    }

    /// Shows what came of a turn; the offers are new when something was said.
    pub(super) fn turn(&mut self, turn: &Turn) -> Option<Vec<Offer>> {
        // A runtime's words on an exception or a panic are in the log.
        if self.shows_log || turn.judged.is_err() {
            self.log(turn);
        }
        let judged = match &turn.judged {
            Ok(judged) => judged,
            Err(cause) => {
                self.failed(cause);
                return None;
            }
        };
        let mut offers = None;
        for action in judged.checked.actions() {
            match action {
                Action::Respond(response) => self.response(response, offers.get_or_insert_default()),
                other => self.paint(QUIET, &format!("  ({})", escaped(&record::action(other).to_string()))),
            }
        }
        if judged.checked.actions().len() == 0 {
            self.paint(QUIET, "  (silent)");
        }
        offers
    }

    fn failed(&mut self, cause: &Cause) {
        match cause {
            Cause::Trap { reason, backtrace } => {
                self.paint(WRONG, &format!("  {}: {}", cause.kind(), escaped(reason)));
                let is_own = |name: &&String| {
                    !LIBRARIES.iter().any(|library| name.starts_with(library))
                        && !LIBRARY_SOURCES.iter().any(|source| name.contains(source))
                };
                for name in backtrace.iter().filter(is_own) {
                    self.paint(WRONG, &format!("    at {}", escaped(name)));
                }
            }
            _ => self.paint(WRONG, &format!("  {}: {}", cause.kind(), escaped(&cause.to_string()))),
        }
        self.paint(QUIET, "  (on a host: another try, and a human agent after the last one)");
    }

    fn response(&mut self, response: &Response, offers: &mut Vec<Offer>) {
        for text in response.text.iter().flat_map(|text| text.lines()) {
            self.paint(BOT, &format!("bot> {}", escaped(text)));
        }
        match &response.attachment {
            None => {}
            Some(Attachment::ListPicker(list)) => self.list(list, offers),
            Some(Attachment::Media(media)) => self.paint(BOT, &format!("bot> {{{}}}", escaped(&media.url))),
            Some(Attachment::RichContent(rich)) => {
                self.paint(BOT, &format!("bot> {{{}: {}}}", escaped(&rich.title), escaped(&rich.url)));
            }
            Some(Attachment::Passthrough(json)) => self.paint(BOT, &format!("bot> {{{}}}", escaped(json))),
        }
        for button in &response.buttons {
            let (text, payload, is_reply) = match button {
                Button::Postback { text, payload } => (text.clone(), payload.clone(), false),
                Button::Reply { text, payload } => {
                    (text.clone().unwrap_or_else(|| payload.clone()), payload.clone(), true)
                }
                Button::Link { text, url } => {
                    self.paint(BOT, &format!("     {} -> {}", escaped(text), escaped(url)));
                    continue;
                }
            };
            self.offer(&text, Offer::Button { text: text.clone(), payload, is_reply }, offers);
        }
    }

    fn list(&mut self, list: &ListPicker, offers: &mut Vec<Offer>) {
        self.paint(BOT, &format!("     == {} ==", escaped(&list.request_message.title)));
        for section in &list.sections {
            for choice in &section.choices {
                let subtitle = choice.subtitle.as_deref().map(|subtitle| format!(", {subtitle}")).unwrap_or_default();
                let offer = Offer::Choice { id: choice.id.clone(), title: choice.title.clone() };
                self.offer(&format!("{}{subtitle}", choice.title), offer, offers);
            }
        }
    }

    fn offer(&mut self, text: &str, offer: Offer, offers: &mut Vec<Offer>) {
        offers.push(offer);
        self.paint(BOT, &format!("     [{}] {}", offers.len(), escaped(text)));
    }

    /// What a turn did and cost.
    pub(super) fn why(&mut self, turn: &Turn) {
        let run = &turn.run;
        self.line(&format!(
            "{}: {} instructions, {:.2} ms, {} KiB of memory; the bot {} speak",
            turn.kind(),
            run.instructions,
            run.elapsed.as_secs_f64() * 1000.0,
            run.memory_bytes / 1024,
            if turn.subject.context.may_speak() { "may" } else { "may not" },
        ));
        if let Some(outcome) = &turn.outcome {
            self.line(&escaped(&record::outcome(outcome).to_string()));
        }
        self.log(turn);
        match &turn.judged {
            Ok(judged) => {
                for one in judged.checked.degraded() {
                    self.line(&format!("host       {}", escaped(&one.to_string())));
                }
                for request in &judged.requests {
                    let (method, path, body) = (&request.method, &request.path, escaped(&request.body));
                    self.line(&format!("sends      {method} {path} {body}"));
                }
            }
            Err(cause) => self.failed(cause),
        }
    }

    fn log(&mut self, turn: &Turn) {
        for one in &turn.run.log {
            self.line(&format!("log {:<6} {}", one.level, escaped(&one.text)));
        }
    }
}
