// What the bot remembers of a conversation: JSON in the state that the host keeps between turns.
//
// It must be there. Each event gets a fresh instance of the bot, so a variable of a module is as it was when it was built.

import { field, isCount, isFlag, isListOf, isOptional, isText, readObject } from "./json.ts";
import { beginning, trim } from "./text.ts";

/** How many of the customer's last texts are kept for the summary. */
const WORDS_KEPT = 3;
/** How much of each, in characters. */
const WORDS_LONG = 120;

/** Something to ask about. */
export type Topic = "hours" | "treatments";

const TOPICS_IN_WORDS: Record<Topic, string> = { hours: "opening hours", treatments: "treatments" };

const isTopic = (value: unknown): value is Topic => isText(value) && Object.hasOwn(TOPICS_IN_WORDS, value);

/** A conversation's memory. */
export class Memory {
  /** Messages of the customer, also those that an agent answered. */
  messages = 0;
  /** Whether the customer has been greeted. */
  greeted = false;
  /** Whether a human agent took part. */
  agentSpoke = false;
  /** Messages in a row that the bot made nothing of. */
  misunderstood = 0;
  /** What the customer asked about, each thing once. */
  asked: Topic[] = [];
  /** Whether the list of treatments is on the customer's screen. */
  offered = false;
  /** The name of the treatment that the customer chose. */
  chosen: string | null = null;
  /** The customer's last words, oldest first. */
  lastWords: string[] = [];

  /**
   * Reads what an earlier turn wrote; a fresh memory when there is none. An earlier version of the bot may have known less.
   *
   * @throws an error that says what is wrong with a text that this bot did not write
   */
  static read(state: string | null | undefined): Memory {
    const memory = new Memory();
    if (state == null) return memory;
    const stored = readObject(state);
    memory.messages = field(stored, "messages", isCount, memory.messages);
    memory.greeted = field(stored, "greeted", isFlag, memory.greeted);
    memory.agentSpoke = field(stored, "agent-spoke", isFlag, memory.agentSpoke);
    memory.misunderstood = field(stored, "misunderstood", isCount, memory.misunderstood);
    memory.asked = field(stored, "asked", isListOf(isTopic), memory.asked);
    memory.offered = field(stored, "offered", isFlag, memory.offered);
    memory.chosen = field(stored, "chosen", isOptional(isText), memory.chosen);
    memory.lastWords = field(stored, "last-words", isListOf(isText), memory.lastWords);
    return memory;
  }

  /** Writes it for the next turn. */
  write(): string {
    return JSON.stringify({
      messages: this.messages,
      greeted: this.greeted,
      "agent-spoke": this.agentSpoke,
      misunderstood: this.misunderstood,
      asked: this.asked,
      offered: this.offered,
      chosen: this.chosen,
      "last-words": this.lastWords,
    });
  }

  /** Counts a message and keeps its words. */
  count(text: string | null | undefined): void {
    this.messages += 1;
    const words = trim(text ?? "");
    if (words !== "") {
      this.lastWords = [...this.lastWords, beginning(words, WORDS_LONG)].slice(-WORDS_KEPT);
    }
  }

  /** Remembers that the customer asked about something. */
  ask(topic: Topic): void {
    if (!this.asked.includes(topic)) this.asked.push(topic);
  }

  /** Remembers that an agent took part. A bot that says hello after a person already did looks silly. */
  metAnAgent(): void {
    this.agentSpoke = true;
    this.greeted = true;
  }

  /** The conversation for the agent who takes it over. */
  summary(): string {
    const parts = [this.messages === 1 ? "1 message" : `${this.messages} messages`];
    if (this.asked.length > 0) {
      parts.push(`asked about ${this.asked.map((topic) => TOPICS_IN_WORDS[topic]).join(" and ")}`);
    }
    if (this.chosen !== null) parts.push(`chose ${this.chosen}`);
    if (this.agentSpoke) parts.push("has talked to an agent before");
    const told = parts.join(", ");
    return this.lastWords.length > 0 ? `${told}. Last words: “${this.lastWords.join("” “")}”` : told;
  }
}
