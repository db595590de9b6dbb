// What the customer wants: a pressed button says it exactly, a list's answer nearly so, and words must be guessed from.
//
// An intent is an object with a `kind`: `hello`, `hours`, `treatments`, `person`, `thanks` or `unclear`; these are also what a
// button sends back when it is pressed. One more, `choose`, comes with the `treatment` that was chosen.

import { readJson, words } from "./text.js";

/** Words for each intent. The first that occurs wins, so that "Hello, can I talk to a person?" asks for a person. */
const PHRASES = {
  person: [
    "human",
    "person",
    "agent",
    "someone",
    "somebody",
    "operator",
    "representative",
    "staff",
    "colleague",
    "reception",
    "talk to",
    "speak to",
    "speak with",
    "call me",
    "not a bot",
    "real people",
  ],
  hours: ["hours", "open", "opening", "close", "closed", "closing", "when can i come"],
  treatments: [
    "treatment",
    "treatments",
    "massage",
    "spa",
    "book",
    "booking",
    "menu",
    "offer",
    "appointment",
    "reserve",
  ],
  thanks: ["thanks", "thank you", "thx", "cheers", "🙏"],
  hello: ["hello", "hi", "hey", "good morning", "good afternoon", "good evening", "👋"],
};

/** The same, word by word. A module's top runs when the bot is built, so this costs nothing in a turn. */
const KNOWN = Object.entries(PHRASES).map(([kind, phrases]) => ({ kind, phrases: phrases.map(words) }));

const UNCLEAR = { kind: "unclear" };

/** What a message asks for. `offered` says whether the treatments were the last thing shown, so that "2" means one of them. */
export function understand(message, treatments, offered) {
  const press = message.presses.at(-1);
  if (press !== undefined) return fromPayload(press.payload, treatments);
  if (message.listResponse !== null) return choose(picked(message.listResponse, treatments), treatments);
  return fromText(message.text ?? "", treatments, offered);
}

/**
 * What a pressed button means. A payload that is no word of ours is the id of a treatment: the host sends it for a list's
 * choice where the network has no lists.
 */
function fromPayload(payload, treatments) {
  const isOurs = payload === UNCLEAR.kind || Object.hasOwn(PHRASES, payload);
  return isOurs ? { kind: payload } : choose(payload, treatments);
}

/** The choice of the treatment with this id. A button may be older than the list of treatments. */
function choose(id, treatments) {
  const treatment = treatments.find((treatment) => treatment.id === id);
  return treatment === undefined ? UNCLEAR : { kind: "choose", treatment };
}

/**
 * The id of the treatment that a list picker's answer names. Its shape is not documented, so any text in it that is an id of
 * ours counts, as long as there is exactly one.
 */
function picked(response, treatments) {
  const answer = readJson(response);
  const found = treatments.filter((treatment) => mentions(answer, treatment.id));
  return found.length === 1 ? found[0].id : undefined;
}

function mentions(value, id) {
  if (typeof value !== "object" || value === null) return value === id;
  return Object.values(value).some((part) => mentions(part, id));
}

function fromText(text, treatments, offered) {
  const said = words(text);
  const [number] = said;
  if (offered && said.length === 1 && /^\d+$/.test(number)) return choose(treatments[number - 1]?.id, treatments);

  const says = listener(said);
  const named = treatments.find((treatment) => says(treatment.words));
  if (named !== undefined) return choose(named.id, treatments);

  const known = KNOWN.find(({ phrases }) => phrases.some(says));
  return known === undefined ? UNCLEAR : { kind: known.kind };
}

/** Tells whether a phrase is in what was said. A phrase without words is in nothing. */
function listener(said) {
  const known = new Set(said);
  // Spaces around it, so that "hi" is not found in "this".
  const line = ` ${said.join(" ")} `;
  // Most phrases are not there, and looking for a word in a set is much cheaper than searching a long text.
  return (phrase) => known.has(phrase[0]) && line.includes(` ${phrase.join(" ")} `);
}
