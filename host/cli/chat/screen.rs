//! What a customer would see of a turn, and what a developer wants to know of it.

use crate::cli::output::{escaped, line, prompt};
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

/// The terminal; with colours where it is one.
pub(super) struct Screen {
    colours: bool,
}

const BOT: &str = "36";
const QUIET: &str = "2";
const WRONG: &str = "31";

impl Screen {
    pub(super) fn new(colours: bool) -> Self {
        Self { colours }
    }

    fn paint(&self, colour: &str, text: &str) {
        if self.colours {
            line(format_args!("\x1b[{colour}m{text}\x1b[0m"));
        } else {
            line(text);
        }
    }

    /// Asks for what the customer says; only on a terminal.
    pub(super) fn prompt(&self, name: &str) {
        if self.colours {
            prompt(format_args!("{name}> "));
        }
    }

    /// A word beside the conversation.
    pub(super) fn note(&self, text: &str) {
        self.paint(QUIET, text);
    }

    /// Shows what came of a turn; the offers are new when something was said.
    pub(super) fn turn(&self, turn: &Turn) -> Option<Vec<Offer>> {
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

    fn failed(&self, cause: &Cause) {
        self.paint(WRONG, &format!("  {}: {}", cause.kind(), escaped(&cause.to_string())));
        self.paint(QUIET, "  (on a host: another try, and a human agent after the last one)");
    }

    fn response(&self, response: &Response, offers: &mut Vec<Offer>) {
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

    fn list(&self, list: &ListPicker, offers: &mut Vec<Offer>) {
        self.paint(BOT, &format!("     == {} ==", escaped(&list.request_message.title)));
        for section in &list.sections {
            for choice in &section.choices {
                let subtitle = choice.subtitle.as_deref().map(|subtitle| format!(", {subtitle}")).unwrap_or_default();
                let offer = Offer::Choice { id: choice.id.clone(), title: choice.title.clone() };
                self.offer(&format!("{}{subtitle}", choice.title), offer, offers);
            }
        }
    }

    fn offer(&self, text: &str, offer: Offer, offers: &mut Vec<Offer>) {
        offers.push(offer);
        self.paint(BOT, &format!("     [{}] {}", offers.len(), escaped(text)));
    }

    /// What a turn did and cost.
    pub(super) fn why(&self, turn: &Turn) {
        let run = &turn.run;
        line(format_args!(
            "{}: {} instructions, {:.2} ms, {} KiB of memory; the bot {} speak",
            turn.kind(),
            run.instructions,
            run.elapsed.as_secs_f64() * 1000.0,
            run.memory_bytes / 1024,
            if turn.subject.context.may_speak() { "may" } else { "may not" },
        ));
        if let Some(outcome) = &turn.outcome {
            line(escaped(&record::outcome(outcome).to_string()));
        }
        run.log.iter().for_each(|one| line(format_args!("log {:<6} {}", one.level, escaped(&one.text))));
        match &turn.judged {
            Ok(judged) => {
                judged
                    .checked
                    .degraded()
                    .iter()
                    .for_each(|one| line(format_args!("host       {}", escaped(&one.to_string()))));
                for request in &judged.requests {
                    line(format_args!("sends      {} {} {}", request.method, request.path, escaped(&request.body)));
                }
            }
            Err(cause) => self.failed(cause),
        }
    }
}
