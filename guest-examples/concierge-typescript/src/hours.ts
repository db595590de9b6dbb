// Opening hours: read from the configuration, asked with the turn's own clock.

import { isObject, isText } from "./json.ts";
import { splitOnce, trim } from "./text.ts";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const MINUTES_PER_DAY = 24 * 60;

/** From when until when, in minutes of the day. */
interface Span {
  readonly from: number;
  readonly until: number;
}

/** When the house is open. */
export class Hours {
  /** Monday first; `undefined` for a day that is closed. */
  readonly #days: readonly (Span | undefined)[];

  private constructor(days: readonly (Span | undefined)[]) {
    this.#days = days;
  }

  /**
   * Reads hours, which can be written in two ways: `"mon-fri 09:00-18:00, sat 10:00-16:00"` or, where a platform takes
   * objects in a configuration, `{ "mon-fri": "09:00-18:00", "sat": "10:00-16:00" }`. A day that is not named is closed.
   *
   * @throws an error that says what is wrong with them
   */
  static read(written: unknown): Hours {
    const days = new Array<Span | undefined>(DAYS.length).fill(undefined);
    for (const [names, span] of entries(written)) {
      const { first, last } = readDays(names);
      days.fill(readSpan(span), first, last + 1);
    }
    return new Hours(days);
  }

  /** Whether the house is open at this time, in milliseconds since 1970-01-01 UTC. */
  isOpen(nowMs: number, utcOffsetMinutes: number): boolean {
    const minute = Math.floor(nowMs / 60_000) + utcOffsetMinutes;
    const day = Math.floor(minute / MINUTES_PER_DAY);
    const minuteOfDay = minute - day * MINUTES_PER_DAY;
    // 1970-01-01 was a Thursday, three days after a Monday. Days before are counted from the week's end, as `at` does.
    const today = this.#days.at((day + 3) % DAYS.length);
    return today !== undefined && today.from <= minuteOfDay && minuteOfDay < today.until;
  }

  /** The week in words, days of the same hours together: `mon-fri 09:00-18:00, sat 10:00-16:00`. */
  toString(): string {
    const parts: string[] = [];
    for (let first = 0, last = 0; first < DAYS.length; first = last + 1) {
      const span = this.#days[first];
      last = this.#lastLike(first);
      if (span === undefined) continue;
      const days = first === last ? DAYS[first] : `${DAYS[first]}-${DAYS[last]}`;
      parts.push(`${days} ${clock(span.from)}-${clock(span.until)}`);
    }
    return parts.join(", ") || "closed until further notice";
  }

  /** The last of the days from this one on that have the same hours. */
  #lastLike(first: number): number {
    const { from, until } = this.#days[first] ?? {};
    const other = this.#days.findIndex((span, at) => at > first && (span?.from !== from || span?.until !== until));
    return (other < 0 ? DAYS.length : other) - 1;
  }
}

/** Pairs of days and a span. Those of an object are sorted: where two name the same day, the order matters. */
function entries(written: unknown): [days: string, span?: unknown][] {
  if (isText(written)) return written.split(",").map((entry) => splitOnce(trim(entry), " "));
  if (!isObject(written)) throw new TypeError("hours are neither a text nor an object");
  const days = Object.keys(written).sort();
  return days.map((name) => [name, written[name]]);
}

function readDays(text: string): { first: number; last: number } {
  const [first, last = first] = splitOnce(text, "-");
  const days = { first: dayNumber(first), last: dayNumber(last) };
  if (days.first < 0 || days.last < 0) {
    throw new RangeError(`"${text}" is neither a day nor a range of days such as mon-fri`);
  }
  if (days.last < days.first) throw new RangeError(`"${text}" ends before it begins`);
  return days;
}

function dayNumber(name: string): number {
  return (DAYS as readonly string[]).indexOf(trim(name));
}

function readSpan(text: unknown): Span {
  const [from, until = ""] = isText(text) ? splitOnce(text, "-") : [""];
  const span = { from: minuteOfDay(from), until: minuteOfDay(until) };
  // What is not a number is neither smaller nor larger than anything.
  if (!(span.from < span.until)) throw new RangeError(`"${text}" is not a time span such as 09:00-18:00`);
  return span;
}

/** The minute of the day that "09:00" names; not a number when it names none. */
function minuteOfDay(text: string): number {
  const [, hours, minutes] = trim(text).match(/^(\d+):(\d+)$/) ?? [];
  const minute = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && minute <= MINUTES_PER_DAY ? minute : Number.NaN;
}

function clock(minute: number): string {
  const digits = (number: number) => String(number).padStart(2, "0");
  return `${digits(Math.floor(minute / 60))}:${digits(minute % 60)}`;
}
