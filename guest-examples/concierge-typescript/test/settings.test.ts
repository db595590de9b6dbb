// The configuration: what it may say, and what becomes of one that is broken.

import assert from "node:assert/strict";
import test from "node:test";

import { readSettings, type Settings } from "../src/settings.ts";

function settings(config: unknown): Settings {
  const { settings, complaint } = readSettings(JSON.stringify(config));
  assert.equal(complaint, undefined);
  return settings;
}

test("what is not configured has a default", () => {
  const { house, tagPerson, tagBooking, treatments } = settings({ house: "Villa 🌸", "tag-person": 1001 });
  assert.deepEqual([house, tagPerson, tagBooking], ["Villa 🌸", 1001, null]);
  assert.deepEqual(
    treatments.map(({ title }) => title),
    ["Hot stone massage", "Forest bath", "Tea ritual"],
  );
});

test("treatments are written in one text", () => {
  const { treatments } = settings({ treatments: "tea = Tea ritual, 30 minutes 🍵; bath = Bath;" });
  assert.deepEqual(treatments, [
    { id: "tea", title: "Tea ritual", subtitle: "30 minutes 🍵", words: ["tea", "ritual"] },
    { id: "bath", title: "Bath", subtitle: undefined, words: ["bath"] },
  ]);
});

test("ten treatments are enough", () => {
  const many = Array.from({ length: 12 }, (_, at) => `t${at} = T${at}`).join(";");
  assert.equal(settings({ treatments: `${many}; broken` }).treatments.length, 10);
});

test("a broken configuration is complained about and not used", () => {
  const broken = [
    "",
    "[]x",
    "[]",
    "null",
    '{"house": null}',
    '{"hours": {"someday": "9-5"}}',
    '{"hours": 9}',
    '{"tag-person": "vip"}',
    '{"tag-person": -1}',
    '{"utc-offset-minutes": 1.5}',
    '{"treatments": "Tea"}',
    '{"treatments": ["tea = Tea"]}',
  ];
  for (const config of broken) {
    const { settings, complaint } = readSettings(config);
    assert.equal(settings.house, "Lantern House", config);
    assert.match(complaint ?? "", /^the configuration is not used: /, config);
  }
});

test("a tag that JavaScript cannot count to is refused", () => {
  assert.match(readSettings('{"tag-person": 12345678901234567890}').complaint ?? "", /tag-person/);
});
