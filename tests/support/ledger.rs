//! Compares what the senders were promised, what the store holds and what the platform got.

use std::collections::BTreeMap;

use serde_json::Value;

use super::host::Host;
use super::platform::Call;
use super::traffic::Acknowledged;

/// An event, the one turn that was committed for it and the one answer that the turn planned.
#[derive(Debug)]
pub struct Entry {
    pub event: i64,
    pub dedupe_key: String,
    /// Which module answered.
    pub digest: String,
    pub version: usize,
    /// What the conversation's counter was set to.
    pub counter: String,
    /// What was answered: `v<version>: <text>`.
    pub answer: String,
    /// Whether the host says of itself that the platform may have got the answer more than once.
    pub maybe_sent: bool,
    /// Tries of which the host does not know how they ended.
    pub unknown: u32,
}

const ENTRIES: &str = "SELECT e.id, e.dedupe_key, t.digest, t.outcome, d.body, d.maybe_sent, \
       (SELECT count(*) FROM attempts a WHERE a.delivery = d.id AND a.result = 'unknown'), t.version \
     FROM events e JOIN turns t ON t.event = e.id AND t.cause_kind IS NULL \
     JOIN deliveries d ON d.event = e.id AND d.status = 2 \
     ORDER BY e.id";

/// Everything that the store holds.
pub fn entries(host: &Host) -> Vec<Entry> {
    let database = host.database();
    let mut query = database.prepare(ENTRIES).unwrap();
    let json = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let text = |json: &Value| json.as_str().unwrap().to_owned();
    let entries = query.query_map([], |row| {
        Ok(Entry {
            event: row.get(0)?,
            dedupe_key: row.get(1)?,
            digest: row.get(2)?,
            counter: text(&json(row.get(3)?)["state"]["set"]),
            answer: text(&json(row.get(4)?)["text"]),
            maybe_sent: row.get(5)?,
            unknown: row.get(6)?,
            version: usize::try_from(row.get::<_, i64>(7)?).unwrap(),
        })
    });
    entries.unwrap().map(Result::unwrap).collect()
}

/// Holds the three accounts against each other: nothing lost, no turn committed twice, every conversation in order, and no
/// answer doubled but those of which the host says that they may be. Returns how many answers came more often than once.
pub fn audit(host: &Host, acknowledged: &[Acknowledged], calls: &[Call]) -> (Vec<Entry>, usize) {
    for table in ["events", "turns", "deliveries"] {
        let rows = host.count(&format!("SELECT count(*) FROM {table}"));
        assert_eq!(rows, i64::try_from(acknowledged.len()).unwrap(), "{table}: not one for each acknowledged webhook");
    }
    let entries = entries(host);
    let by_event: BTreeMap<i64, &Entry> = entries.iter().map(|entry| (entry.event, entry)).collect();
    assert_eq!((entries.len(), by_event.len()), (acknowledged.len(), acknowledged.len()), "an event ended otherwise");
    let mut conversations: BTreeMap<&str, Vec<(&Acknowledged, &Entry)>> = BTreeMap::new();
    for webhook in acknowledged {
        let entry = by_event.get(&webhook.event).unwrap_or_else(|| panic!("{webhook:?} is in no account"));
        assert_eq!(entry.dedupe_key, format!("delivery:{}", webhook.id));
        conversations.entry(&webhook.author).or_default().push((webhook, *entry));
    }
    let mut doubled = 0;
    for (author, turns) in conversations {
        let mut arrived = calls.iter().filter(|call| by(author, call)).map(Call::text).peekable();
        for (number, (webhook, entry)) in (1..).zip(turns) {
            assert_eq!(entry.counter, number.to_string(), "{webhook:?}: a turn was lost or committed twice: {entry:?}");
            assert!(entry.answer.ends_with(&format!(": {}", webhook.text)), "{webhook:?}: {entry:?}");
            let mut times: u32 = 0;
            while arrived.next_if_eq(&entry.answer).is_some() {
                times += 1;
            }
            assert!(times > 0, "{:?} did not arrive, or not in its turn", entry.answer);
            let admitted = entry.unknown == 0 || entry.maybe_sent;
            assert!(admitted && times - 1 <= entry.unknown, "arrived {times} times: {entry:?}");
            doubled += usize::from(times > 1);
        }
        assert_eq!(arrived.next(), None, "{author} got what was not planned, or late");
    }
    (entries, doubled)
}

fn by(author: &str, call: &Call) -> bool {
    call.json()["author"]["id"] == author
}
