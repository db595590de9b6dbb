//! Whole conversations, turn after turn, without a host: each turn gets the state that the one before it returned.

use crate::bothost::bot::actions::{Action, Attachment, Failure, Response, StateChange};
use crate::bothost::bot::types::{Author, Context, Extra, Owner, Visibility};
use crate::exports::bothost::bot::message::{Message, Press};
use crate::exports::bothost::bot::update::{AgentResponse, Operation, Update};
use crate::memory::Memory;
use crate::{on_message, on_update};

/// Thursday, 1970-01-01, at noon.
const NOON_MS: u64 = 12 * 3_600_000;

/// A customer on a network, and what the host would keep between turns.
struct Chat {
    context: Context,
}

impl Chat {
    fn on(network: &str) -> Self {
        Self {
            context: Context {
                platform: "khoros".into(),
                event_id: "1".into(),
                bot_id: "concierge".into(),
                conversation_id: "c".into(),
                network: network.into(),
                channel: "house".into(),
                visibility: Visibility::Private,
                owner: Owner::Bot("concierge".into()),
                may_speak: true,
                attempt: 1,
                state: None,
                config: r#"{"tag-person": 1001, "tag-booking": 1002}"#.into(),
                now_ms: NOON_MS,
                seed: 7,
                history: Vec::new(),
                raw: "{}".into(),
                extras: Vec::new(),
            },
        }
    }

    fn message(&mut self, message: &Message) -> Vec<Action> {
        let turn = on_message(&self.context, message).unwrap();
        self.keep(turn.outcome.state);
        turn.outcome.actions
    }

    fn says(&mut self, text: &str) -> Vec<Action> {
        self.message(&Message { text: Some(text.into()), ..silent_message() })
    }

    fn presses(&mut self, payload: &str) -> Vec<Action> {
        let press = Press { kind: "postback".into(), payload: payload.into(), text: None };
        self.message(&Message { presses: vec![press], ..silent_message() })
    }

    fn update(&mut self, operation: Operation) {
        let update = Update { author: jo(), operation, conversation: None, extras: Vec::new() };
        let turn = on_update(&self.context, &update).unwrap();
        assert!(turn.outcome.actions.is_empty());
        self.keep(turn.outcome.state);
    }

    fn keep(&mut self, change: StateChange) {
        match change {
            StateChange::Keep => {}
            StateChange::Set(state) => self.context.state = Some(state),
            StateChange::Clear => self.context.state = None,
        }
    }

    fn memory(&self) -> Memory {
        Memory::read(self.context.state.as_deref()).unwrap()
    }
}

fn jo() -> Author {
    Author { id: "a-77".into(), full_name: Some("Jo Quill".into()), properties: Vec::new(), extras: Vec::new() }
}

fn silent_message() -> Message {
    Message {
        id: None,
        text: None,
        author: jo(),
        owner: None,
        published_ms: None,
        received_ms: None,
        presses: Vec::new(),
        form: None,
        list_response: None,
        media: Vec::new(),
        location: None,
        referral: None,
        properties: Vec::new(),
        extras: Vec::new(),
    }
}

fn response(actions: &[Action]) -> &Response {
    let mut responses = actions.iter().filter_map(|action| match action {
        Action::Respond(response) => Some(response),
        _ => None,
    });
    let response = responses.next().expect("an answer");
    assert!(responses.next().is_none(), "one answer");
    response
}

fn text(actions: &[Action]) -> &str {
    response(actions).text.as_deref().unwrap()
}

#[test]
fn a_new_customer_is_greeted_by_name_and_only_once() {
    let mut chat = Chat::on("whatsapp");
    chat.update(Operation::Created);
    assert_eq!(text(&chat.says("hello")), "Welcome to Lantern House, Jo! 👋 How can I help?");
    assert_eq!(text(&chat.says("hello")), "Hello again! How can I help?");
}

#[test]
fn an_invented_name_is_not_used() {
    let mut chat = Chat::on("apple");
    let author = Author { full_name: Some("Anonymous Stork 1afc-9b12".into()), ..jo() };
    let actions = chat.message(&Message { author, text: Some("hi".into()), ..silent_message() });
    assert_eq!(text(&actions), "Welcome to Lantern House! 👋 How can I help?");
}

#[test]
fn hours_tell_whether_it_is_open_now() {
    let mut chat = Chat::on("sms");
    assert!(text(&chat.says("When do you open?")).contains("We are open 🟢 right now. Our hours: mon-fri 09:00-18:00"));
    chat.context.now_ms = 0;
    assert!(text(&chat.says("still open?")).starts_with("We are closed 🌙"));
}

#[test]
fn typing_is_shown_and_ended() {
    let actions = Chat::on("whatsapp").says("hours?");
    assert!(matches!(actions.as_slice(), [Action::TypingStart, Action::Respond(_), Action::TypingStop]));
}

#[test]
fn treatments_are_picked_from_a_list() {
    let mut apple = Chat::on("apple");
    let actions = apple.says("a massage please");
    let Some(Attachment::ListPicker(list)) = &response(&actions).attachment else { panic!("a list") };
    assert_eq!(list.sections[0].choices[1].id, "forest-bath");
    let picked = r#"{"selected": [{"id": "forest-bath", "title": "Forest bath"}]}"#;
    apple.message(&Message { list_response: Some(picked.into()), ..silent_message() });
    assert_eq!(apple.memory().chosen.as_deref(), Some("Forest bath"));

    // Where there are no lists the host makes buttons of the choices, which send their ids.
    let mut whatsapp = Chat::on("whatsapp");
    whatsapp.says("a massage please");
    let actions = whatsapp.presses("tea-ritual");
    assert!(text(&actions).starts_with("Tea ritual: a lovely choice."));
    assert!(actions.iter().any(|action| matches!(action, Action::Note(note) if note == "Wants to book: Tea ritual")));
    assert!(actions.iter().any(|action| matches!(action, Action::Tag(tags) if tags == &["1002"])));
}

#[test]
fn where_nothing_can_be_pressed_a_number_chooses() {
    let mut chat = Chat::on("sms");
    chat.says("treatments");
    chat.says("hmm");
    chat.says("2");
    assert_eq!(chat.memory().chosen.as_deref(), Some("Forest bath"));
}

#[test]
fn a_person_gets_a_summary() {
    let mut chat = Chat::on("whatsapp");
    chat.says("When do you open?");
    chat.says("tea ritual 🍵");
    let actions = chat.says("Could I speak with someone?");
    let Some(Action::HandOff(Some(comment))) = actions.last() else { panic!("a hand-off at the end") };
    assert_eq!(
        comment,
        "Because the customer asks for a person. Jo: 3 messages, asked about opening hours, chose Tea ritual. \
         Last words: “When do you open?” “tea ritual 🍵” “Could I speak with someone?”"
    );
    assert!(matches!(&actions[0], Action::Respond(_)), "the farewell comes before the hand-off");
    assert!(matches!(&actions[1], Action::Tag(tags) if tags == &["1001"]));
}

#[test]
fn where_there_are_no_people_none_is_called() {
    let mut chat = Chat::on("deadsimplechat");
    chat.context.extras = vec![Extra { key: "refused".into(), value: r#"["hand-off", "move-to"]"#.into() }];
    let actions = chat.says("a person, please");
    assert!(text(&actions).contains("I cannot call a colleague from here."));
    assert!(matches!(actions.as_slice(), [Action::Respond(_)]));
}

#[test]
fn two_unclear_messages_call_a_person() {
    let mut chat = Chat::on("whatsapp");
    assert!(matches!(chat.says("blorp").as_slice(), [Action::Respond(_)]));
    chat.says("hours");
    assert!(
        matches!(chat.says("blorp").as_slice(), [Action::Respond(_)]),
        "what was understood in between starts anew"
    );
    assert!(matches!(chat.says("🦆").last(), Some(Action::HandOff(_))));
}

#[test]
fn while_an_agent_speaks_the_bot_listens() {
    let mut chat = Chat::on("whatsapp");
    chat.update(Operation::OwnerChanged(Owner::Agent));
    (chat.context.may_speak, chat.context.owner) = (false, Owner::Agent);
    assert!(chat.says("hello").is_empty());
    assert!(chat.says("I want a human").is_empty());
    assert_eq!(chat.memory().messages, 2);

    chat.update(Operation::AgentResponse(AgentResponse {
        text: Some("hi".into()),
        published_ms: None,
        extras: Vec::new(),
    }));
    chat.update(Operation::OwnerChanged(Owner::Bot("concierge".into())));
    (chat.context.may_speak, chat.context.owner) = (true, Owner::Bot("concierge".into()));
    assert_eq!(text(&chat.says("hello")), "Hello again! How can I help?", "no second welcome after an agent's");
    assert!(chat.memory().agent_spoke);
}

#[test]
fn the_end_forgets_and_the_beginning_starts_fresh() {
    let mut chat = Chat::on("whatsapp");
    chat.says("hello");
    chat.update(Operation::Closed);
    assert_eq!(chat.context.state, None);
    chat.context.state = Some("garbage".into());
    chat.update(Operation::Created);
    assert_eq!(chat.memory(), Memory::default());
}

#[test]
fn a_state_of_somebody_else_is_given_up_on() {
    let mut chat = Chat::on("whatsapp");
    chat.context.state = Some("v1;3".into());
    let Err(Failure::GiveUp(reason)) = on_message(&chat.context, &silent_message()) else { panic!("a failure") };
    assert!(reason.contains("not one of concierge's"), "{reason}");
}

#[test]
fn a_button_older_than_the_list_is_unclear() {
    let mut chat = Chat::on("whatsapp");
    chat.presses("mud-pack");
    assert_eq!(chat.memory().misunderstood, 1);
    chat.context.config = r#"{"treatments": "! = !"}"#.into();
    assert!(response(&chat.says("spa")).attachment.is_some(), "a title without letters is not found in every text");
    chat.context.config = r#"{"treatments": ""}"#.into();
    assert!(text(&chat.says("spa")).contains("nothing to book"));
}

#[test]
fn the_readme_tells_the_truth() {
    let readme = include_str!("../README.md");
    let config = &readme[readme.find("    {\n").unwrap()..=readme.find("    }\n").unwrap() + 4];
    assert_eq!(crate::settings::Settings::read(config).1, None);
    let flat: serde_json::Map<String, serde_json::Value> = serde_json::from_str(config).unwrap();
    assert!(
        flat.values().all(|value| value.is_string() || value.is_number()),
        "Khoros takes no object within metadata"
    );

    let mut chat = Chat::on("whatsapp");
    for said in ["hello", "When do you open?", "tea ritual 🍵", "Could I speak with someone?"] {
        assert!(readme.contains(&format!("Jo         {said}\n")), "{said}");
        let actions = chat.says(said);
        assert!(readme.contains(&format!("concierge  {}", text(&actions))), "{}", text(&actions));
        if let Some(Action::HandOff(Some(comment))) = actions.last() {
            let one_line = readme.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(one_line.contains(comment.as_str()), "{comment}");
        }
    }
}
