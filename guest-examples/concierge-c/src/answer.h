// What the bot does about what the customer wants.
#ifndef CONCIERGE_ANSWER_H
#define CONCIERGE_ANSWER_H

#include "contract.h"
#include "memory.h"
#include "settings.h"
#include "understand.h"

/// What an answer depends on besides the memory.
typedef struct {
    /// The bot's configuration.
    const settings_t *settings;
    /// The customer's first name; empty where it is not known.
    text_t first_name;
    /// Whether there are people to hand over to.
    bool has_people;
    /// The time, in milliseconds since 1970-01-01 UTC.
    uint64_t now_ms;
} situation_t;

/// Decides what to do, puts it into `actions`, and remembers it.
void answer(arena_t *arena, intent_t intent, const situation_t *situation, memory_t *memory, actions_t *actions);

#endif
