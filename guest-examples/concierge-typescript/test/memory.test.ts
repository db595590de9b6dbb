// The memory: it is written and read, and does not grow.

import assert from "node:assert/strict";
import test from "node:test";

import { Memory } from "../src/memory.ts";

test("what is written can be read", () => {
  const memory = new Memory();
  memory.chosen = "Tea ritual 🍵";
  memory.count("a 👩‍👩‍👧 family");
  memory.ask("hours");
  assert.deepEqual(Memory.read(memory.write()), memory);
});

test("every concierge writes it the same way", () => {
  assert.equal(
    new Memory().write(),
    '{"messages":0,"greeted":false,"agent-spoke":false,"misunderstood":0,"asked":[],"offered":false,"chosen":null,"last-words":[]}',
  );
});

test("an older version knew less", () => {
  assert.equal(Memory.read('{"messages": 3, "mood": "sunny"}').messages, 3);
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
  for (const state of foreign) assert.throws(() => Memory.read(state), state);
});

test("it does not grow with the conversation", () => {
  const memory = new Memory();
  for (let turn = 0; turn < 100; turn += 1) {
    memory.count("🍵".repeat(1_000));
    memory.ask("treatments");
  }
  assert.deepEqual(memory.lastWords, Array(3).fill("🍵".repeat(120)));
  assert.deepEqual(memory.asked, ["treatments"]);
  assert.equal(memory.messages, 100);
});

test("only white space around a text is cut off", () => {
  const memory = new Memory();
  memory.count(" \u0085\ufeffhi  there\u3000\n");
  memory.count(" \n");
  memory.count(null);
  assert.deepEqual(memory.lastWords, ["\ufeffhi  there"]);
});
