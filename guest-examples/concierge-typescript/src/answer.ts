// What the bot does about what the customer wants.

import type { Action } from "bothost:bot/actions@0.1.0";

import type { Memory } from "./memory.ts";
import { handOff, note, say, sayWithButtons, sayWithTreatments, tag, whileTyping } from "./say.ts";
import type { Settings, Treatment } from "./settings.ts";
import type { Intent, Wish } from "./understand.ts";

/** How many messages in a row may be unclear before a person takes over. */
const PATIENCE = 2;

/** Buttons for what a customer may want. */
const OFFER: ReadonlyMap<Wish, string> = new Map([
  ["hours", "Opening hours"],
  ["treatments", "Treatments"],
  ["person", "A person"],
]);

/** What an answer depends on besides the memory. */
export interface Situation {
  /** The bot's configuration. */
  readonly settings: Settings;
  /** The customer's first name, where it is known. */
  readonly firstName: string | undefined;
  /** Whether there are people to hand over to. */
  readonly hasPeople: boolean;
  /** The time, in milliseconds since 1970-01-01 UTC. */
  readonly nowMs: number;
}

/** Decides what to do, and remembers it. */
export function answer(intent: Intent, situation: Situation, memory: Memory): Action[] {
  memory.misunderstood = intent.kind === "unclear" ? memory.misunderstood + 1 : 0;
  const wasOffered = memory.offered;
  memory.offered = false;
  const hello = greeting(situation, memory);
  const { hours, utcOffsetMinutes, treatments } = situation.settings;

  switch (intent.kind) {
    case "hello":
      return [sayWithButtons(`${hello || "Hello again! "}How can I help?`, OFFER)];
    case "hours": {
      memory.ask("hours");
      const now = hours.isOpen(situation.nowMs, utcOffsetMinutes) ? "open 🟢" : "closed 🌙";
      return whileTyping(say(`${hello}We are ${now} right now. Our hours: ${hours}.`));
    }
    case "treatments":
      if (treatments.length === 0) return [sayWithButtons(`${hello}There is nothing to book right now.`, OFFER)];
      memory.ask("treatments");
      memory.offered = true;
      return whileTyping(sayWithTreatments(`${hello}What would you like?`, treatments));
    case "choose":
      return choose(intent.treatment, hello, situation, memory);
    case "person":
      return callPerson("the customer asks for a person", hello, situation, memory);
    case "thanks":
      return [say(`${hello}With pleasure! 🌸`)];
    case "unclear": {
      if (memory.misunderstood >= PATIENCE) {
        return callPerson("the bot does not understand the customer", hello, situation, memory);
      }
      // A slip after the list does not take the list away: "2" still works on the next try.
      memory.offered = wasOffered;
      const sorry = hello || "Sorry, I did not understand that. ";
      return [sayWithButtons(`${sorry}I know our opening hours and our treatments, or I call a person.`, OFFER)];
    }
  }
}

/** The greeting, the first time; later nothing. */
function greeting({ settings, firstName }: Situation, memory: Memory): string {
  if (memory.greeted) return "";
  memory.greeted = true;
  return `Welcome to ${settings.house}${firstName === undefined ? "" : `, ${firstName}`}! 👋 `;
}

function choose({ title }: Treatment, hello: string, { settings }: Situation, memory: Memory): Action[] {
  memory.chosen = title;
  return [
    sayWithButtons(`${hello}${title}: a lovely choice. We have noted it. Anything else?`, OFFER),
    note(`Wants to book: ${title}`),
    ...tag(settings.tagBooking),
  ];
}

function callPerson(why: string, hello: string, situation: Situation, memory: Memory): Action[] {
  memory.misunderstood = 0;
  if (!situation.hasPeople) {
    const sorry = "I cannot call a colleague from here. I know our opening hours and our treatments.";
    return [sayWithButtons(`${hello}${sorry}`, OFFER)];
  }
  return [
    // The farewell comes first: after the hand-off the conversation is no longer ours to speak in.
    say(`${hello}One moment, I call a colleague. 🛎️`),
    ...tag(situation.settings.tagPerson),
    handOff(`Because ${why}. ${situation.firstName ?? "The customer"}: ${memory.summary()}`),
  ];
}
