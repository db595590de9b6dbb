//! The verdict on every way that an event can go.

use bytes::Bytes;

use super::verdict;
use crate::domain::event::Owner;
use crate::domain::names::{BotId, ConversationKey, Digest, EventId};
use crate::pipeline::explain::Holder;
use crate::store::{
    DeliveryLine, DeliveryRecord, DeliveryStatus, EventHead, EventStatus, Explained, Try, TurnExplained, TurnSeen,
};

fn event(status: EventStatus, turns: Vec<TurnExplained>, deliveries: Vec<DeliveryRecord>) -> Explained {
    let head = EventHead {
        event: EventId(14),
        kind: "message".to_owned(),
        bot: BotId::from("b1"),
        bot_revision: 1,
        conversation: ConversationKey::from("c1"),
        status,
        accepted_ms: 1,
        ended_ms: None,
        ending: None,
        dedupe_key: None,
        duplicates: 0,
        duplicate_ms: None,
        retry_of: None,
        stripped: false,
    };
    Explained {
        head,
        body: Bytes::new(),
        retried_as: None,
        bot: None,
        owner_before: None,
        owner_firm: false,
        held_since: None,
        turns,
        deliveries,
    }
}

fn turn(attempt: u32, cause: Option<(&str, &str)>) -> TurnExplained {
    let cause = cause.map(|(kind, story)| (kind.to_owned(), story.to_owned()));
    let digest = Some(Digest::from("d"));
    let log = "[]".to_owned();
    let seen =
        TurnSeen { attempt, digest, version: Some(1), instructions: 1, elapsed_us: 1, outcome: None, cause, log };
    TurnExplained {
        seen,
        at_ms: 1,
        bot: None,
        activated: None,
        memory_bytes: 1,
        refusals: None,
        withheld: None,
        relayed: None,
    }
}

fn delivery(status: DeliveryStatus, error: Option<&str>, http_status: Option<u16>) -> DeliveryRecord {
    let line = DeliveryLine {
        id: 7,
        event: EventId(14),
        bot: BotId::from("b1"),
        conversation: ConversationKey::from("c1"),
        platform: "khoros".to_owned(),
        action: "respond".to_owned(),
        method: "POST".to_owned(),
        path: "/respond".to_owned(),
        status,
        attempts: 1,
        next_ms: None,
        reference: None,
        last_error: error.map(str::to_owned),
    };
    let one = Try { attempt: 1, at_ms: 1, result: String::new(), reason: None, http_status, answer: None };
    let tries = if status == DeliveryStatus::Planned && error.is_none() { Vec::new() } else { vec![one] };
    DeliveryRecord { line, body: "{}".to_owned(), tries }
}

fn held(after: Owner, may_speak: bool) -> Holder {
    Holder { before: None, after, may_speak }
}

fn says(found: &Explained, wanted: &str) {
    assert_eq!(verdict(found, Some(&held(Owner::Bot("app".to_owned()), true))), wanted);
}

#[test]
fn an_answer_says_what_became_of_its_requests() {
    use DeliveryStatus::{Dropped, Parked, Planned, Sending, Sent, Unknown};
    let answered = |deliveries| event(EventStatus::Done, vec![turn(1, None)], deliveries);
    let sent = || delivery(Sent, None, Some(200));
    says(&answered(vec![sent()]), "The bot answered with 1 request; it was sent.");
    says(&answered(vec![sent(), sent()]), "The bot answered with 2 requests; both were sent.");
    says(&answered(vec![sent(), sent(), sent()]), "The bot answered with 3 requests; all were sent.");
    let cases = [
        (delivery(Parked, Some("403: no"), Some(403)), "was refused by the platform (403: no) and is parked"),
        (delivery(Parked, Some("no gateway"), None), "is parked (no gateway)"),
        (delivery(Unknown, Some("broke off"), None), "may or may not have reached the platform (broke off)"),
        (delivery(Planned, None, None), "waits to be sent"),
        (delivery(Planned, Some("503"), Some(503)), "is tried again (503)"),
        (delivery(Sending, None, None), "is on its way"),
        (delivery(Dropped, Some("403: no"), Some(403)), "was dropped by hand (403: no)"),
    ];
    for (delivery, state) in cases {
        says(&answered(vec![delivery.clone()]), &format!("The bot answered with 1 request; it {state}."));
        let two = format!("The bot answered with 2 requests; 1 was sent; delivery 7 {state}.");
        says(&answered(vec![sent(), delivery]), &two);
    }
}

#[test]
fn silence_says_who_holds_the_conversation() {
    let mut found = event(EventStatus::Done, vec![turn(1, None)], Vec::new());
    says(&found, "The bot ran and returned no actions.");
    let agent = held(Owner::Agent, false);
    let held_since = |found: &Explained| verdict(found, Some(&agent));
    assert_eq!(held_since(&found), "The bot was not asked to answer: a human agent holds the conversation.");
    found.held_since = Some(EventId(12));
    assert_eq!(
        held_since(&found),
        "The bot was not asked to answer: a human agent holds the conversation since event 12."
    );
    found.held_since = Some(EventId(14));
    assert!(held_since(&found).ends_with("since this event."));
    let other = verdict(&found, Some(&held(Owner::Bot("sales".to_owned()), false)));
    assert_eq!(other, "The bot was not asked to answer: the bot sales holds the conversation.");
    found.turns[0].seen.digest = None;
    says(&found, "The bot was not asked: its registration is not LIVE.");
}

#[test]
fn a_failure_says_why_and_how_it_ended() {
    let sent = || delivery(DeliveryStatus::Sent, None, Some(200));
    let mut refused = turn(3, Some(("refused", "refused: all of it")));
    let refusal = r#"[{"path":"actions[0].respond.text","rule":"text-too-long","reason":"9 bytes, at most 8 may be sent",
                      "source":"bothost settings, [turn]"},{}]"#;
    refused.refusals = Some(refusal.to_owned());
    says(
        &event(EventStatus::Failed, vec![refused], vec![sent()]),
        "The actions were refused: actions[0].respond.text: 9 bytes, at most 8 may be sent (rule text-too-long, bothost \
         settings, [turn]) and 1 more; after 3 tries the conversation was handed to an agent.",
    );
    let no_module = turn(1, Some(("no-module", "there is no module to run: module echo has no active version")));
    let mut found = event(EventStatus::Failed, vec![no_module], Vec::new());
    let wanted = "There is no module to run: module echo has no active version; after 1 try it was given up, and nothing was \
                  sent.";
    says(&found, wanted);
    found.retried_as = Some(EventId(20));
    says(&found, &format!("{wanted} It was retried as event 20."));
    let trapped = turn(2, Some(("trap", "the bot trapped: unreachable")));
    let lost = delivery(DeliveryStatus::Parked, Some("403: no"), Some(403));
    says(
        &event(EventStatus::Failed, vec![trapped], vec![lost]),
        "The bot trapped: unreachable; after 2 tries the conversation was to be handed to an agent, but that request was \
         refused by the platform (403: no) and is parked.",
    );
}

#[test]
fn what_never_ran_or_runs_or_is_forgotten_says_so() {
    says(&event(EventStatus::Waiting, Vec::new(), Vec::new()), "It waits for its turn.");
    let tried = event(EventStatus::Waiting, vec![turn(1, Some(("trap", "the bot trapped: oh")))], Vec::new());
    says(&tried, "Try 1 failed: the bot trapped: oh; it is tried again.");
    says(&event(EventStatus::Running, Vec::new(), Vec::new()), "A turn on it is under way.");
    let mut closed = event(EventStatus::Failed, Vec::new(), Vec::new());
    closed.head.ending = Some("the bot was removed".to_owned());
    says(&closed, "It was closed unanswered: the bot was removed.");
    closed.head.stripped = true;
    says(&closed, "It ended as failed; its details were forgotten to make room.");
}
