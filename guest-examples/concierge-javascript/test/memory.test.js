// The memory: it is written and read, and does not grow.

import assert from "node:assert/strict";
import test from "node:test";

import { ask, count, freshMemory, readMemory, writeMemory } from "../src/memory.js";

test("what is written can be read", () => {
  const memory = { ...freshMemory(), chosen: "Tea ritual 🍵" };
  count(memory, "a 👩‍👩‍👧 family");
  ask(memory, "hours");
  assert.deepEqual(readMemory(writeMemory(memory)), memory);
});

test("every concierge writes it the same way", () => {
  assert.equal(
    writeMemory(freshMemory()),
    '{"messages":0,"greeted":false,"agent-spoke":false,"misunderstood":0,"asked":[],"offered":false,"chosen":null,"last-words":[]}',
  );
});

test("an older version knew less", () => {
  assert.equal(readMemory('{"messages": 3, "mood": "sunny"}').messages, 3);
});

test("what this bot did not write is refused", () => {
  const foreign = [
    "v1;3",
    "null",
    '{"messages": "3"}',
    '{"messages": null}',
    '{"greeted": 1}',
    '{"asked": ["parking"]}',
    '{"last-words": [1]}',
  ];
  for (const state of foreign) assert.throws(() => readMemory(state), state);
});

test("it does not grow with the conversation", () => {
  const memory = freshMemory();
  for (let turn = 0; turn < 100; turn += 1) {
    count(memory, "🍵".repeat(1_000));
    ask(memory, "treatments");
  }
  assert.deepEqual(memory.lastWords, Array(3).fill("🍵".repeat(120)));
  assert.deepEqual(memory.asked, ["treatments"]);
  assert.equal(memory.messages, 100);
});

test("only white space around a text is cut off", () => {
  const memory = freshMemory();
  count(memory, " \u0085\ufeffhi  there\u3000\n");
  count(memory, " \n");
  count(memory, null);
  assert.deepEqual(memory.lastWords, ["\ufeffhi  there"]);
});
