// What the bot remembers of a conversation: JSON in the state that the host keeps between turns.
#ifndef CONCIERGE_MEMORY_H
#define CONCIERGE_MEMORY_H

#include "text.h"

/// Something to ask about.
typedef enum { TOPIC_HOURS, TOPIC_TREATMENTS } topic_t;

enum {
    TOPICS = 2,
    /// How many of the customer's last texts are kept for the summary.
    WORDS_KEPT = 3,
    /// How much of each, in characters.
    WORDS_LONG = 120,
};

/// A conversation's memory; a new one is all zeros.
typedef struct {
    /// Messages of the customer, also those that an agent answered.
    uint32_t messages;
    /// Whether the customer has been greeted.
    bool greeted;
    /// Whether a human agent took part.
    bool agent_spoke;
    /// Messages in a row that the bot made nothing of.
    uint32_t misunderstood;
    /// What the customer asked about, each thing once, in this order.
    topic_t asked[TOPICS];
    size_t asked_count;
    /// Whether the list of treatments is on the customer's screen.
    bool offered;
    /// The treatment that the customer chose; no address when there is none.
    text_t chosen;
    /// The customer's last words, oldest first.
    text_t last_words[WORDS_KEPT];
    size_t last_words_count;
} memory_t;

/// Reads what an earlier turn wrote. When false, the text is none that this bot wrote, and `complaint` says what is
/// wrong.
bool memory_read(arena_t *arena, text_t state, memory_t *memory, text_t *complaint);
/// Writes it for the next turn.
text_t memory_write(arena_t *arena, const memory_t *memory);

/// Counts a message and keeps its words.
void memory_count(memory_t *memory, text_t words);
/// Remembers that the customer asked about something.
void memory_ask(memory_t *memory, topic_t topic);
/// Remembers that an agent took part. A bot that says hello after a person already did looks silly.
void memory_meet_agent(memory_t *memory);
/// The conversation for the agent who takes it over.
text_t memory_summary(arena_t *arena, const memory_t *memory);

#endif
