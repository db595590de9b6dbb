//! The README's table of what each platform makes of what a bot may ask for is that of the platforms' own rules.
//!
//! `MATRIX=write cargo test --test it matrix` writes it.

use std::fmt::Write as _;
use std::path::Path;

use bothost::domain::event::{Origin, Visibility};
use bothost::domain::rules::{Feature, Means, Rules, Support};
use bothost::platform::PLATFORMS;

const BEGIN: &str = "<!-- the table below is written by `MATRIX=write cargo test --test it matrix` -->\n";
const END: &str = "<!-- end of the table -->";

/// Platform, networks and rules of each column.
fn columns() -> Vec<(String, Rules)> {
    let of = |platform: &&dyn bothost::platform::Platform| {
        let (name, networks) = (platform.name(), platform.networks());
        let column = |(shown, network): &(&str, &str)| {
            let origin =
                Origin { network: (*network).to_owned(), channel: String::new(), visibility: Visibility::Private };
            let title = if networks.len() > 1 { format!("{name}: {shown}") } else { name.to_owned() };
            (title, platform.rules(&origin))
        };
        networks.iter().map(column).collect::<Vec<_>>()
    };
    PLATFORMS.iter().flat_map(of).collect()
}

fn table() -> String {
    let columns = columns();
    let mut table = String::from("| action |");
    columns.iter().for_each(|(title, _)| write!(table, " {title} |").unwrap());
    writeln!(table, "\n| --- |{}", " --- |".repeat(columns.len())).unwrap();
    for feature in Feature::ALL {
        write!(table, "| {} |", row(feature)).unwrap();
        for (_, rules) in &columns {
            let said = match rules.of(feature).support {
                Support::Native => "native",
                Support::Degraded(Means::Choices { .. }) => "numbers and buttons",
                Support::Degraded(Means::Dropped) => "left out",
                Support::Degraded(Means::Line) => "a line of the text",
                Support::Degraded(Means::Payload) => "its payload",
                Support::Refused => "**refused**",
            };
            write!(table, " {said} |").unwrap();
        }
        table.push('\n');
    }
    table
}

fn row(feature: Feature) -> &'static str {
    match feature {
        Feature::Text => "respond: text",
        Feature::Postback => "respond: postback button",
        Feature::Reply => "respond: reply button",
        Feature::BareReply => "respond: reply button without a text",
        Feature::Link => "respond: link button",
        Feature::ListPicker => "respond: list picker",
        Feature::Image => "respond: picture",
        Feature::Video => "respond: film",
        Feature::RichContent => "respond: rich content",
        Feature::Passthrough => "respond: passthrough",
        Feature::Typing => "typing-start, typing-stop",
        Feature::Tag => "tag, untag",
        other => other.name(),
    }
}

#[test]
fn the_readmes_table_is_that_of_the_rules() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("README.md has no place for the table");
    let (there, after) = rest.split_once(END).expect("README.md has no end of the table");
    let table = format!("\n{}\n", table());
    if std::env::var_os("MATRIX").is_some_and(|value| value == "write") {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert!(there == table, "README.md's table is out of date: MATRIX=write cargo test --test it matrix\n{table}");
}

/// Whatever is refused or done in another way says where that comes from.
#[test]
fn every_rule_has_its_source() {
    for (title, rules) in columns() {
        for feature in Feature::ALL {
            let source = rules.of(feature).source;
            assert!(
                source.contains("conformance") || source.contains("platforms.md"),
                "{title}, {}: {source:?}",
                feature.name()
            );
        }
    }
}
