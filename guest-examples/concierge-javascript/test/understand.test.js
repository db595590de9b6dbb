// What the customer wants, from words, buttons and lists.

import assert from "node:assert/strict";
import test from "node:test";

import { readSettings } from "../src/settings.js";
import { understand } from "../src/understand.js";

const { treatments } = readSettings("{}").settings;

/** An intent in a word: its kind, or the id of the treatment. */
function meant(fields, offered = false) {
  const message = { text: null, presses: [], listResponse: null, ...fields };
  const { kind, treatment } = understand(message, treatments, offered);
  return treatment?.id ?? kind;
}

test("people ask for people in many ways", () => {
  const texts = [
    "I want a human!",
    "Can I talk to someone?",
    "agent",
    "Hello, please let me speak with your reception",
    "are you a real person?",
    "CALL ME",
  ];
  for (const text of texts) assert.equal(meant({ text }), "person", text);
});

test("words are whole words", () => {
  assert.equal(meant({ text: "this" }), "unclear");
  assert.equal(meant({ text: "hi there" }), "hello");
  assert.equal(meant({ text: "👋" }), "hello");
  assert.equal(meant({ text: "" }), "unclear");
  assert.equal(meant({}), "unclear");
});

test("a number means a treatment only after the list", () => {
  assert.equal(meant({ text: "2" }, true), "forest-bath");
  assert.equal(meant({ text: " 2. " }, true), "forest-bath");
  assert.equal(meant({ text: "0" }, true), "unclear");
  assert.equal(meant({ text: "9".repeat(400) }, true), "unclear");
  assert.equal(meant({ text: "2" }), "unclear");
});

test("a treatment can be named", () => {
  assert.equal(meant({ text: "the TEA ritual, please" }), "tea-ritual");
});

test("a list's answer must name one treatment", () => {
  assert.equal(meant({ listResponse: '{"sections": [{"choices": [{"id": "hot-stone"}]}]}' }), "hot-stone");
  assert.equal(meant({ listResponse: '["hot-stone", "tea-ritual"]' }), "unclear");
  assert.equal(meant({ listResponse: '{"id": "something else", "n": null}' }), "unclear");
  assert.equal(meant({ listResponse: "not JSON" }), "unclear");
});

test("the last button counts, and goes before words", () => {
  const press = (payload) => ({ kind: "postback", payload, text: null });
  assert.equal(meant({ presses: [press("hours"), press("person")], text: "tea ritual" }), "person");
  assert.equal(meant({ presses: [press("tea-ritual")] }), "tea-ritual");
  assert.equal(meant({ presses: [press("unclear")] }), "unclear");
  assert.equal(meant({ presses: [press("constructor")] }), "unclear");
});
