//! Which public content reaches a bot.

use bothost::domain::bot::{Bot, Scheme};
use bothost::platform::khoros::public::wanted;
use serde_json::{Value, json};

use super::support::{self, fixtures};

fn bot(filter: Value) -> Bot {
    Bot { registration: json!({ "publicFilter": filter }).to_string(), ..support::bot(Scheme::Basic, "s") }
}

fn event(kind: &str, tags: Option<Value>) -> String {
    let mut event =
        json!({"type": kind, "coordinate": {"scope": "PUBLIC", "externalId": "ext-0"}, "author": {"id": "a"}});
    if let Some(tags) = tags {
        event["sourceTagIds"] = tags;
    }
    event.to_string()
}

#[test]
fn without_a_filter_a_bot_gets_what_is_private() {
    for filter in [Value::Null, json!({}), json!({"includeTargeted": false, "includeSourceTagIds": []})] {
        for kind in ["message", "update", "control"] {
            assert!(!wanted(&bot(filter.clone()), event(kind, None).as_bytes()), "{filter} {kind}");
        }
        let private = |text: &str| text.contains("\"PRIVATE\"");
        for (name, text) in fixtures().into_iter().filter(|(_, text)| private(text)) {
            assert!(wanted(&bot(filter.clone()), text.as_bytes()), "{name}");
        }
    }
    assert!(wanted(&Bot { registration: String::new(), ..bot(Value::Null) }, b"no event"));
}

#[test]
fn what_targets_the_page_comes_where_that_is_asked_for() {
    let bot = bot(json!({"includeTargeted": true}));
    for kind in ["message", "update", "control"] {
        assert!(wanted(&bot, event(kind, None).as_bytes()), "{kind}");
    }
    let elsewhere = event("message", None).replace("ext-0", "ext-1");
    assert!(!wanted(&bot, elsewhere.as_bytes()));
}

#[test]
fn a_source_tag_of_the_list_is_enough() {
    let bot = bot(json!({"includeSourceTagIds": [999, 1002]}));
    for (tags, expected) in [
        (None, true),
        (Some(json!([1002])), true),
        (Some(json!([1, 999, 2])), true),
        (Some(json!([1, 2])), false),
        (Some(json!([])), false),
        (Some(json!(["999"])), false),
    ] {
        assert_eq!(wanted(&bot, event("message", tags.clone()).as_bytes()), expected, "{tags:?}");
    }
}
