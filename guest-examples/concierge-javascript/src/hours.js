// Opening hours: read from the configuration, asked with the turn's own clock.
//
// Hours are a list of seven days, Monday first: `{ from, until }` in minutes of the day, or `null` for a day that is closed.

import { splitOnce, trim } from "./text.js";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MINUTES_PER_DAY = 24 * 60;

/**
 * Reads hours, which can be written in two ways: `"mon-fri 09:00-18:00, sat 10:00-16:00"` or, where a platform takes
 * objects in a configuration, `{ "mon-fri": "09:00-18:00", "sat": "10:00-16:00" }`. A day that is not named is closed.
 */
export function readHours(written) {
  const hours = Array(DAYS.length).fill(null);
  for (const [days, span] of entries(written)) {
    const { first, last } = readDays(days);
    hours.fill(readSpan(span), first, last + 1);
  }
  return hours;
}

/** Whether the house is open at this time, in milliseconds since 1970-01-01 UTC. */
export function isOpen(hours, nowMs, utcOffsetMinutes) {
  const minute = Math.floor(nowMs / 60_000) + utcOffsetMinutes;
  const day = Math.floor(minute / MINUTES_PER_DAY);
  const minuteOfDay = minute - day * MINUTES_PER_DAY;
  // 1970-01-01 was a Thursday, three days after a Monday. Days before it are counted from the week's end, as `at` does.
  const today = hours.at((day + 3) % 7);
  return today !== null && today.from <= minuteOfDay && minuteOfDay < today.until;
}

/** The week in words, days of the same hours together: `mon-fri 09:00-18:00, sat 10:00-16:00`. */
export function inWords(hours) {
  const parts = [];
  let first = 0;
  while (first < hours.length) {
    let last = first;
    while (last + 1 < hours.length && isSame(hours[last + 1], hours[first])) last += 1;
    if (hours[first] !== null) {
      const days = first === last ? DAYS[first] : `${DAYS[first]}-${DAYS[last]}`;
      parts.push(`${days} ${clock(hours[first].from)}-${clock(hours[first].until)}`);
    }
    first = last + 1;
  }
  return parts.join(", ") || "closed until further notice";
}

/** Pairs of days and a span. Those of an object are sorted: where two name the same day, the order matters. */
function entries(written) {
  if (typeof written === "string") {
    return written.split(",").map((entry) => splitOnce(trim(entry), " "));
  }
  if (written === null || typeof written !== "object" || Array.isArray(written)) {
    throw new TypeError("hours are neither a text nor an object");
  }
  const days = Object.keys(written).sort();
  return days.map((name) => [name, written[name]]);
}

function readDays(text) {
  const [from, until] = splitOnce(text, "-");
  const first = DAYS.indexOf(trim(from));
  const last = DAYS.indexOf(trim(until ?? from));
  if (first < 0 || last < 0) throw new RangeError(`"${text}" is neither a day nor a range of days such as mon-fri`);
  if (last < first) throw new RangeError(`"${text}" ends before it begins`);
  return { first, last };
}

function readSpan(text) {
  const [from, until] = typeof text === "string" ? splitOnce(text, "-").map(minuteOfDay) : [];
  // A missing part is not a number, and so neither smaller nor larger than anything.
  if (!(from < until)) throw new RangeError(`"${text}" is not a time span such as 09:00-18:00`);
  return { from, until };
}

/** The minute of the day that "09:00" names; not a number when it names none. */
function minuteOfDay(text) {
  const [, hours, minutes] = trim(text ?? "").match(/^(\d+):(\d+)$/) ?? [];
  const minute = Number(hours) * 60 + Number(minutes);
  return minutes < 60 && minute <= MINUTES_PER_DAY ? minute : NaN;
}

function clock(minute) {
  const digits = (number) => String(number).padStart(2, "0");
  return `${digits(Math.floor(minute / 60))}:${digits(minute % 60)}`;
}

function isSame(one, other) {
  return one?.from === other?.from && one?.until === other?.until;
}
