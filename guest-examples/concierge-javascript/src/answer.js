// What the bot does about what the customer wants.

import { isOpen, inWords } from "./hours.js";
import { ask, summary } from "./memory.js";
import { handOff, note, say, sayWithButtons, sayWithTreatments, tag, whileTyping } from "./say.js";

/** How many messages in a row may be unclear before a person takes over. */
const PATIENCE = 2;

/** Buttons for what a customer may want; each sends the intent of its name. */
const OFFER = [
  { text: "Opening hours", payload: "hours" },
  { text: "Treatments", payload: "treatments" },
  { text: "A person", payload: "person" },
];

/**
 * Decides what to do, and remembers it.
 *
 * @param intent what the customer wants
 * @param situation `settings`, the customer's `firstName` or `null`, whether it `hasPeople` to hand over to, and `nowMs`
 * @param memory is changed
 */
export function answer(intent, situation, memory) {
  memory.misunderstood = intent.kind === "unclear" ? memory.misunderstood + 1 : 0;
  const wasOffered = memory.offered;
  memory.offered = false;
  const hello = greeting(situation, memory);
  const { hours, utcOffsetMinutes, treatments } = situation.settings;

  switch (intent.kind) {
    case "hello":
      return [sayWithButtons(`${hello || "Hello again! "}How can I help?`, OFFER)];
    case "hours": {
      ask(memory, "hours");
      const now = isOpen(hours, situation.nowMs, utcOffsetMinutes) ? "open 🟢" : "closed 🌙";
      return whileTyping(say(`${hello}We are ${now} right now. Our hours: ${inWords(hours)}.`));
    }
    case "treatments":
      if (treatments.length === 0) return [sayWithButtons(`${hello}There is nothing to book right now.`, OFFER)];
      ask(memory, "treatments");
      memory.offered = true;
      return whileTyping(sayWithTreatments(`${hello}What would you like?`, treatments));
    case "choose":
      return choose(intent.treatment, hello, situation, memory);
    case "person":
      return callPerson("the customer asks for a person", hello, situation, memory);
    case "thanks":
      return [say(`${hello}With pleasure! 🌸`)];
    default: {
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
function greeting({ settings, firstName }, memory) {
  if (memory.greeted) return "";
  memory.greeted = true;
  return `Welcome to ${settings.house}${firstName === null ? "" : `, ${firstName}`}! 👋 `;
}

function choose({ title }, hello, { settings }, memory) {
  memory.chosen = title;
  return [
    sayWithButtons(`${hello}${title}: a lovely choice. We have noted it. Anything else?`, OFFER),
    note(`Wants to book: ${title}`),
    ...tag(settings.tagBooking),
  ];
}

function callPerson(why, hello, { settings, firstName, hasPeople }, memory) {
  memory.misunderstood = 0;
  if (!hasPeople) {
    const sorry = "I cannot call a colleague from here. I know our opening hours and our treatments.";
    return [sayWithButtons(`${hello}${sorry}`, OFFER)];
  }
  return [
    // The farewell comes first: after the hand-off the conversation is no longer ours to speak in.
    say(`${hello}One moment, I call a colleague. 🛎️`),
    ...tag(settings.tagPerson),
    handOff(`Because ${why}. ${firstName ?? "The customer"}: ${summary(memory)}`),
  ];
}
