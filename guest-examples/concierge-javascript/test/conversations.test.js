// Whole conversations, turn after turn: each turn gets the state that the one before it returned.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { freshMemory } from "../src/memory.js";
import { readSettings } from "../src/settings.js";
import { VERSION } from "../src/version.js";
import { Chat, JO, response, text } from "./chat.js";

test("a new customer is greeted by name, and only once", () => {
  const chat = new Chat();
  chat.update({ tag: "created" });
  assert.equal(text(chat.says("hello")), "Welcome to Lantern House, Jo! 👋 How can I help?");
  assert.equal(text(chat.says("hello")), "Hello again! How can I help?");
});

test("an invented name is not used, and none is needed", () => {
  for (const fullName of ["Anonymous Stork 1afc-9b12", " ", null]) {
    const actions = new Chat().message({ author: { ...JO, fullName }, text: "hi" });
    assert.equal(text(actions), "Welcome to Lantern House! 👋 How can I help?");
  }
});

test("hours tell whether it is open now", () => {
  const chat = new Chat();
  assert.match(text(chat.says("When do you open?")), /We are open 🟢 right now\. Our hours: mon-fri 09:00-18:00/);
  chat.context.nowMs = 0;
  assert.match(text(chat.says("still open?")), /^We are closed 🌙/);
});

test("typing is shown and ended", () => {
  const tags = new Chat().says("hours?").map((action) => action.tag);
  assert.deepEqual(tags, ["typing-start", "respond", "typing-stop"]);
});

test("treatments are picked from a list", () => {
  const chat = new Chat();
  const { attachment } = response(chat.says("a massage please"));
  assert.equal(attachment.tag, "list-picker");
  assert.equal(attachment.val.sections[0].choices[1].id, "forest-bath");

  const listResponse = JSON.stringify({ selected: [{ id: "forest-bath", title: "Forest bath" }] });
  chat.message({ listResponse });
  assert.equal(chat.memory.chosen, "Forest bath");

  // Where there are no lists the host makes buttons of the choices, which send their ids.
  const actions = chat.presses("tea-ritual");
  assert.match(text(actions), /^Tea ritual: a lovely choice\./);
  assert.deepEqual(actions.slice(1), [
    { tag: "note", val: "Wants to book: Tea ritual" },
    { tag: "tag", val: ["1002"] },
  ]);
});

test("where nothing can be pressed a number chooses", () => {
  const chat = new Chat();
  chat.says("treatments");
  chat.says("hmm");
  chat.says("2");
  assert.equal(chat.memory.chosen, "Forest bath");
});

test("a person gets a summary", () => {
  const chat = new Chat();
  chat.says("When do you open?");
  chat.says("tea ritual 🍵");
  const [farewell, tag, handOff] = chat.says("Could I speak with someone?");
  assert.equal(farewell.tag, "respond", "the farewell comes before the hand-off");
  assert.deepEqual(tag, { tag: "tag", val: ["1001"] });
  assert.equal(
    handOff.val,
    "Because the customer asks for a person. Jo: 3 messages, asked about opening hours, chose Tea ritual. " +
      "Last words: “When do you open?” “tea ritual 🍵” “Could I speak with someone?”",
  );
});

test("where there are no people none is called", () => {
  const chat = new Chat();
  chat.context.extras = [{ key: "refused", value: '["hand-off", "move-to"]' }];
  const actions = chat.says("a person, please");
  assert.match(text(actions), /I cannot call a colleague from here\./);
  assert.equal(actions.length, 1);
});

test("two unclear messages in a row call a person", () => {
  const chat = new Chat();
  const tags = ["blorp", "hours", "blorp", "🦆"].map((said) => chat.says(said).at(-1).tag);
  assert.deepEqual(tags, ["respond", "typing-stop", "respond", "hand-off"]);
});

test("while an agent speaks the bot listens", () => {
  const chat = new Chat();
  chat.update({ tag: "owner-changed", val: { tag: "agent" } });
  chat.context.maySpeak = false;
  assert.deepEqual(chat.says("hello"), []);
  assert.deepEqual(chat.says("I want a human"), []);
  assert.equal(chat.memory.messages, 2);

  chat.update({ tag: "agent-response", val: { text: "hi", publishedMs: null, extras: [] } });
  chat.update({ tag: "owner-changed", val: { tag: "bot", val: "concierge" } });
  chat.context.maySpeak = true;
  assert.equal(text(chat.says("hello")), "Hello again! How can I help?", "no second welcome after an agent's");
  assert.equal(chat.memory.agentSpoke, true);
});

test("the end forgets, and the beginning starts fresh", () => {
  const chat = new Chat();
  chat.says("hello");
  chat.update({ tag: "closed" });
  assert.equal(chat.context.state, null);
  chat.context.state = "garbage";
  chat.update({ tag: "created" });
  assert.deepEqual(chat.memory, freshMemory());
});

test("an update that nobody knows changes nothing", () => {
  const chat = new Chat();
  chat.context.state = "garbage";
  chat.update({ tag: "other", val: { kind: "MERGED", details: "{}" } });
  assert.equal(chat.context.state, "garbage");
  assert.equal(chat.line, "MERGED means nothing to me");
});

test("a state of somebody else is given up on", () => {
  const chat = new Chat();
  chat.context.state = "v1;3";
  assert.throws(
    () => chat.says("hello"),
    ({ tag, val }) => tag === "give-up" && val.includes("not one of concierge's"),
  );
});

test("a button older than the list is unclear", () => {
  const chat = new Chat();
  chat.presses("mud-pack");
  assert.equal(chat.memory.misunderstood, 1);
  chat.context.config = JSON.stringify({ treatments: "! = !" });
  assert.ok(response(chat.says("spa")).attachment, "a title without letters is not found in every text");
  chat.context.config = JSON.stringify({ treatments: "" });
  assert.match(text(chat.says("spa")), /nothing to book/);
});

test("the log says what was understood", () => {
  const chat = new Chat();
  chat.says("tea ritual");
  assert.deepEqual([chat.level, chat.line], ["info", "message 1, choose tea-ritual, 3 actions"]);
  chat.context.config = "[]";
  chat.says("hello");
  assert.equal(chat.level, "warn");
  assert.match(chat.line, /^message 2, hello, 1 actions; the configuration is not used: /);
});

test("package.json tells the version", () => {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  assert.equal(JSON.parse(manifest).version, VERSION);
});

test("the readme's configuration is one", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const config = readme.match(/^ {4}\{.*?^ {4}\}$/ms)[0];
  assert.equal(readSettings(config).complaint, null);
});
