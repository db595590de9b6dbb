// Opening hours: the week, the clock, and how they are written.

import assert from "node:assert/strict";
import test from "node:test";

import { inWords, isOpen, readHours } from "../src/hours.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const THURSDAY_NOON = 12 * HOUR;

const WEEK = "mon-fri 09:00-18:00, sat 10:00-16:00";

test("the week begins on the right day", () => {
  const hours = readHours(WEEK);
  assert.ok(isOpen(hours, THURSDAY_NOON, 0));
  assert.ok(isOpen(hours, THURSDAY_NOON + 2 * DAY, 0), "Saturday at noon");
  assert.ok(!isOpen(hours, THURSDAY_NOON + 3 * DAY, 0), "Sunday");
  assert.ok(!isOpen(hours, 0, 0), "Thursday at midnight");
});

test("the last minute is open and the next is not", () => {
  const hours = readHours(WEEK);
  assert.ok(isOpen(hours, 18 * HOUR - MINUTE, 0));
  assert.ok(!isOpen(hours, 18 * HOUR, 0));
});

test("the offset moves the day", () => {
  const hours = readHours({ wed: "22:00-24:00" });
  assert.ok(isOpen(hours, 0, -60), "Thursday 00:00 UTC is Wednesday 23:00 an hour further west");
  assert.ok(!isOpen(hours, 0, 60));
  assert.ok(isOpen(readHours({ sun: "00:00-24:00" }), 0, -4 * 24 * 60), "four days before that Thursday");
});

test("days of the same hours stand together", () => {
  assert.equal(inWords(readHours(WEEK)), WEEK);
  assert.equal(inWords(readHours({ tue: "8:00-9:30", mon: "08:00-09:30" })), "mon-tue 08:00-09:30");
  assert.equal(inWords(readHours({})), "closed until further notice");
});

test("what comes later in the alphabet wins", () => {
  const hours = readHours({ "mon-fri": "09:00-18:00", mon: "10:00-12:00" });
  assert.equal(inWords(hours), "mon-fri 09:00-18:00");
});

test("wrong hours are named", () => {
  const wrong = [
    [{ someday: "09:00-18:00" }, /someday/],
    [{ "fri-mon": "09:00-18:00" }, /ends before it begins/],
    [{ "mon-tue-wed": "09:00-18:00" }, /mon-tue-wed/],
    [{ mon: "18:00-09:00" }, /18:00-09:00/],
    [{ mon: "25:00-26:00" }, /25:00-26:00/],
    [{ mon: "09:00" }, /09:00/],
    [{ mon: 9 }, /time span/],
    ["always", /always/],
    ["", /neither a day/],
    [null, /neither a text nor an object/],
  ];
  for (const [written, message] of wrong) assert.throws(() => readHours(written), { message });
});
