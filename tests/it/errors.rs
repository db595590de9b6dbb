//! What a bot says while it fails, in every language: message and place reach whoever looks for them. And what a hostile bot can do
//! in a language with a runtime of its own: it is stopped, and why can be read.
//!
//! Each bot is what `bothost new` makes, with a few lines more.

use std::fs;

use crate::support::cli::{chat_with, developer};

/// A bot that fails when it is told to.
struct Failing {
    language: &'static str,
    file: &'static str,
    /// Where in the file the call is put, and the call.
    before: &'static str,
    call: &'static str,
    /// What is put at the end of the file.
    added: &'static str,
    /// What shows: the words of the failure, and where it was.
    shown: &'static [&'static str],
}

const C: Failing = Failing {
    language: "c",
    file: "src/bot.c",
    before: "/// The customer said something",
    call: "#include <assert.h>\nstatic void look_up(const int *price) { assert(price != NULL); }\n",
    added: "",
    shown: &[
        "Assertion failed: price != NULL",
        "at look_up (",
        "/src/bot.c:",
        "at exports_bothost_bot_message_handle (",
    ],
};

const CPP: Failing = Failing {
    language: "cpp",
    file: "src/bot.cpp",
    before: "/// The customer said something",
    call: "static int look_up(std::optional<int> price) { return *price; }\n",
    added: "",
    shown: &["optional operator* called on a disengaged value", "at look_up(", "/src/bot.cpp:"],
};

const GO: Failing = Failing {
    language: "go",
    file: "export_bothost_bot_message/message.go",
    before: "\t// The state is the number of messages before this one.\n",
    call: "\tif message.Text.SomeOr(\"\") == \"fail\" {\n\t\tlookUp(nil)\n\t}\n",
    added: "\nfunc lookUp(prices map[string]*int) int {\n\treturn *prices[\"tea\"]\n}\n",
    shown: &[
        "panic: runtime error: invalid memory address or nil pointer dereference",
        "export_bothost_bot_message.lookUp(",
        "/message.go:",
    ],
};

const JAVASCRIPT: Failing = Failing {
    language: "javascript",
    file: "src/bot.js",
    before: "    const before = messagesBefore(context.state);\n",
    call: "    misbehave(message.text);\n",
    added: "
function misbehave(text) {
  if (text === \"fail\") lookUp(undefined);
  if (text === \"loop\") for (;;);
  if (text === \"expression\") /^(a+)+$/.test(`${\"a\".repeat(40)}b`);
  if (text === \"memory\") for (const all = []; ; ) all.push(new Uint8Array(1 << 20));
  if (text === \"deep\") deeper(1);
}

function lookUp(treatment) {
  return treatment.price;
}

function deeper(depth) {
  return deeper(depth + 1) + 1;
}
",
    shown: &[
        "log stderr cannot read property 'price' of undefined",
        "    at lookUp (/src/bot.js:",
        "    at handle (/src/bot.js:",
    ],
};

const PYTHON: Failing = Failing {
    language: "python",
    file: "src/app.py",
    before: "        before = messages_before(context.state)\n",
    call: "        misbehave(message.text)\n",
    added: "

import re


def misbehave(text):
    if text == \"fail\":
        look_up(None)
    if text == \"loop\":
        while True:
            pass
    if text == \"expression\":
        re.match(\"^(a+)+$\", \"a\" * 40 + \"b\")
    if text == \"memory\":
        everything = []
        while True:
            everything.append(bytearray(1 << 20))
    if text == \"deep\":
        deeper(1)


def look_up(treatment):
    return treatment.price


def deeper(depth):
    return deeper(depth + 1) + 1
",
    shown: &[
        "Traceback (most recent call last):",
        "app.py\", line ",
        ", in look_up",
        "AttributeError: 'NoneType' object has no attribute 'price'",
    ],
};

const RUST: Failing = Failing {
    language: "rust",
    file: "src/lib.rs",
    before: "        let before = messages_before(context.state.as_deref())?;\n",
    call: "        if message.text.as_deref() == Some(\"fail\") {\n            look_up(&[]);\n        }\n",
    added: "\n#[inline(never)]\nfn look_up(prices: &[u32]) -> u32 {\n    prices[std::hint::black_box(2)]\n}\n",
    shown: &[
        "panicked at src/lib.rs:",
        "index out of bounds: the len is 0 but the index is 2",
        "at look_up (",
        "/src/lib.rs:",
    ],
};

const TYPESCRIPT: Failing = Failing {
    language: "typescript",
    file: "src/bot.ts",
    before: "    const before = messagesBefore(context.state);\n",
    call: "    if (message.text === \"fail\") lookUp({});\n",
    added: "
function lookUp(treatment: { price?: { euros: number } }): number {
  return treatment.price!.euros;
}
",
    shown: &["log stderr cannot read property 'euros' of undefined", "    at lookUp (/src/bot.js:"],
};

const ZIG: Failing = Failing {
    language: "zig",
    file: "src/bot.zig",
    before: "    // The state is the number of messages before this one.\n",
    call: "    if (std.mem.eql(u8, textOr(message.text, \"\"), \"fail\")) _ = lookUp(textOr(context.state, \"\").len);\n",
    added: "
noinline fn lookUp(treatment: usize) u32 {
    const prices = [_]u32{ 1, 2 };
    return prices[treatment + 2];
}
",
    shown: &["log error  index out of bounds: index 2, len 2", "at bot.lookUp (", "/src/bot.zig:"],
};

/// What a conversation with the bot shows, without the commands that built it; none where the language cannot be built here.
fn chat(failing: &Failing, said: &[&str]) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    let mut new = developer(dir.path(), &["new", "--lang", failing.language, "bot"]);
    assert!(new.output().unwrap().status.success());
    let file = dir.path().join("bot").join(failing.file);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(failing.before), "{}: {:?} is not there", failing.file, failing.before);
    let text = text.replacen(failing.before, &format!("{}{}", failing.call, failing.before), 1);
    fs::write(&file, in_the_handler(failing, text) + failing.added).unwrap();
    chat_with(dir.path(), "bot", said)
}

/// C and C++ need the function before its call: what is put in is the function, and the call goes to the handler's beginning.
fn in_the_handler(failing: &Failing, text: String) -> String {
    let call = match failing.language {
        "c" => "    if (message->text.is_some && message->text.val.ptr[0] == 'f') look_up(NULL);\n",
        "cpp" => "    if (message->text.is_some && view(message->text.val) == \"fail\") return look_up({});\n",
        _ => return text,
    };
    let handler = text.find("bool exports_bothost_bot_message_handle").unwrap();
    let body = handler + text[handler..].find("{\n").unwrap() + 2;
    format!("{}{call}{}", &text[..body], &text[body..])
}

fn fails_in_words(failing: &Failing) {
    let Some(shown) = chat(failing, &["fail", "hello"]) else { return };
    for words in failing.shown {
        assert!(shown.contains(words), "{}: {words:?} is not in\n{shown}", failing.language);
    }
    // The next message finds a fresh instance.
    assert!(shown.contains("bot> Hello, Jo Quill!"), "{shown}");
}

#[test]
fn c() {
    fails_in_words(&C);
}

#[test]
fn cpp() {
    fails_in_words(&CPP);
}

#[test]
fn go() {
    fails_in_words(&GO);
}

#[test]
fn rust() {
    fails_in_words(&RUST);
}

#[test]
fn typescript() {
    fails_in_words(&TYPESCRIPT);
}

#[test]
fn zig() {
    fails_in_words(&ZIG);
}

#[test]
fn javascript() {
    misbehaves(&JAVASCRIPT, "trap: call stack exhausted");
}

#[test]
fn python() {
    misbehaves(&PYTHON, "RecursionError: maximum recursion depth exceeded");
}

/// Everything that the sandbox's hostile modules do, out of an interpreter.
fn misbehaves(bot: &Failing, too_deep: &str) {
    let said = ["fail", "loop", "hello", "expression", "hello", "memory", "hello", "deep", "hello"];
    let Some(shown) = chat(bot, &said) else { return };
    let shown: Vec<&str> = shown.split("bot> ").collect();
    let [first, expression, memory, deep, rest] = shown.as_slice() else { panic!("{shown:#?}") };
    for words in bot.shown {
        assert!(first.contains(words), "{words:?} is not in\n{first}");
    }
    // Which limit comes first depends on the machine.
    let is_stopped = |shown: &str| {
        shown.contains("instructions: the bot used up its 100000000 instructions")
            || shown.contains("deadline: the bot ran longer than its 250 ms")
    };
    assert!(is_stopped(first), "loop: {first}");
    assert!(is_stopped(expression), "expression: {expression}");
    assert!(memory.contains("memory: the bot asked for more than its 67108864 bytes"), "{memory}");
    assert!(deep.contains(too_deep), "{deep}");
    assert!(rest.contains("message 4"), "{rest}");
}
