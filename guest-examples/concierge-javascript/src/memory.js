// What the bot remembers of a conversation: JSON in the state that the host keeps between turns.
//
// It must be there. Each event gets a fresh instance of the bot, so a variable of a module is as it was when it was built.

import { beginning, trim } from "./text.js";

/** How many of the customer's last texts are kept for the summary. */
const WORDS_KEPT = 3;
/** How much of each, in characters. */
const WORDS_LONG = 120;

/** What can be asked about, and how that is said. */
const TOPICS = new Map([
  ["hours", "opening hours"],
  ["treatments", "treatments"],
]);

/** A memory of a conversation that has just begun. */
export function freshMemory() {
  return {
    /** Messages of the customer, also those that an agent answered. */
    messages: 0,
    /** Whether the customer has been greeted. */
    greeted: false,
    /** Whether a human agent took part. */
    agentSpoke: false,
    /** Messages in a row that the bot made nothing of. */
    misunderstood: 0,
    /** What the customer asked about, each thing once. */
    asked: [],
    /** Whether the list of treatments is on the customer's screen. */
    offered: false,
    /** The name of the treatment that the customer chose. */
    chosen: null,
    /** The customer's last words, oldest first. */
    lastWords: [],
  };
}

/** The names in the state, in the order in which they are written, and what each must be. */
const FIELDS = [
  { name: "messages", key: "messages", isRight: isCount },
  { name: "greeted", key: "greeted", isRight: isFlag },
  { name: "agent-spoke", key: "agentSpoke", isRight: isFlag },
  { name: "misunderstood", key: "misunderstood", isRight: isCount },
  { name: "asked", key: "asked", isRight: isListOf((topic) => TOPICS.has(topic)) },
  { name: "offered", key: "offered", isRight: isFlag },
  { name: "chosen", key: "chosen", isRight: (value) => value === null || isText(value) },
  { name: "last-words", key: "lastWords", isRight: isListOf(isText) },
];

/**
 * Reads what an earlier turn wrote; a fresh memory when there is none. An earlier version of the bot may have known less.
 *
 * @throws an error that says what is wrong with a text that this bot did not write
 */
export function readMemory(state) {
  const memory = freshMemory();
  if (state === null) return memory;
  const stored = JSON.parse(state);
  if (stored === null || typeof stored !== "object" || Array.isArray(stored)) {
    throw new TypeError("it is not an object");
  }
  for (const { name, key, isRight } of FIELDS) {
    if (!Object.hasOwn(stored, name)) continue;
    if (!isRight(stored[name])) throw new TypeError(`${name} is not what it should be`);
    memory[key] = stored[name];
  }
  return memory;
}

/** Writes it for the next turn. */
export function writeMemory(memory) {
  return JSON.stringify(Object.fromEntries(FIELDS.map(({ name, key }) => [name, memory[key]])));
}

/** Counts a message and keeps its words. */
export function count(memory, text) {
  memory.messages += 1;
  const words = trim(text ?? "");
  if (words !== "") {
    memory.lastWords = [...memory.lastWords, beginning(words, WORDS_LONG)].slice(-WORDS_KEPT);
  }
}

/** Remembers that the customer asked about something. */
export function ask(memory, topic) {
  if (!memory.asked.includes(topic)) memory.asked.push(topic);
}

/** Remembers that an agent took part. A bot that says hello after a person already did looks silly. */
export function metAnAgent(memory) {
  memory.agentSpoke = true;
  memory.greeted = true;
}

/** The conversation for the agent who takes it over. */
export function summary(memory) {
  const parts = [memory.messages === 1 ? "1 message" : `${memory.messages} messages`];
  if (memory.asked.length > 0) {
    parts.push(`asked about ${memory.asked.map((topic) => TOPICS.get(topic)).join(" and ")}`);
  }
  if (memory.chosen !== null) parts.push(`chose ${memory.chosen}`);
  if (memory.agentSpoke) parts.push("has talked to an agent before");
  const told = parts.join(", ");
  return memory.lastWords.length > 0 ? `${told}. Last words: “${memory.lastWords.join("” “")}”` : told;
}

function isCount(value) {
  return Number.isInteger(value) && value >= 0;
}

function isFlag(value) {
  return typeof value === "boolean";
}

function isText(value) {
  return typeof value === "string";
}

function isListOf(isRight) {
  return (value) => Array.isArray(value) && value.every(isRight);
}
