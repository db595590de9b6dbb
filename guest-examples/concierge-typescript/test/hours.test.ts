// Opening hours: the week, the clock, and how they are written.

import assert from "node:assert/strict";
import test from "node:test";

import { Hours } from "../src/hours.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const THURSDAY_NOON = 12 * HOUR;

const WEEK = "mon-fri 09:00-18:00, sat 10:00-16:00";

test("the week begins on the right day", () => {
  const hours = Hours.read(WEEK);
  assert.ok(hours.isOpen(THURSDAY_NOON, 0));
  assert.ok(hours.isOpen(THURSDAY_NOON + 2 * DAY, 0), "Saturday at noon");
  assert.ok(!hours.isOpen(THURSDAY_NOON + 3 * DAY, 0), "Sunday");
  assert.ok(!hours.isOpen(0, 0), "Thursday at midnight");
});

test("the last minute is open and the next is not", () => {
  const hours = Hours.read(WEEK);
  assert.ok(hours.isOpen(18 * HOUR - MINUTE, 0));
  assert.ok(!hours.isOpen(18 * HOUR, 0));
});

test("the offset moves the day", () => {
  const hours = Hours.read({ wed: "22:00-24:00" });
  assert.ok(hours.isOpen(0, -60), "Thursday 00:00 UTC is Wednesday 23:00 an hour further west");
  assert.ok(!hours.isOpen(0, 60));
  assert.ok(Hours.read({ sun: "00:00-24:00" }).isOpen(0, -4 * 24 * 60), "four days before that Thursday");
});

test("days of the same hours stand together", () => {
  assert.equal(String(Hours.read(WEEK)), WEEK);
  assert.equal(String(Hours.read({ tue: "8:00-9:30", mon: "08:00-09:30" })), "mon-tue 08:00-09:30");
  assert.equal(String(Hours.read({})), "closed until further notice");
});

test("what comes later in the alphabet wins", () => {
  const hours = Hours.read({ "mon-fri": "09:00-18:00", mon: "10:00-12:00" });
  assert.equal(String(hours), "mon-fri 09:00-18:00");
});

test("wrong hours are named", () => {
  const wrong: [unknown, RegExp][] = [
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
  for (const [written, message] of wrong) assert.throws(() => Hours.read(written), { message });
});
