// What the customer wants: a pressed button says it exactly, a list's answer nearly so, and words must be guessed from.
#ifndef CONCIERGE_UNDERSTAND_H
#define CONCIERGE_UNDERSTAND_H

#include "contract.h"
#include "settings.h"

/// What a message asks for.
typedef enum {
    /// Nothing that this bot knows.
    UNCLEAR,
    /// A greeting and nothing more.
    HELLO,
    /// When the house is open.
    HOURS,
    /// What can be booked.
    TREATMENTS,
    /// One of the treatments.
    CHOOSE,
    /// A human being.
    PERSON,
    /// No more than thanks.
    THANKS,
} wish_t;

/// A wish, and for `CHOOSE` which treatment.
typedef struct {
    wish_t wish;
    const treatment_t *treatment;
} intent_t;

/// What a message asks for. `offered` says whether the treatments were the last thing shown, so that "2" means one of
/// them.
intent_t understand(arena_t *arena, const message_t *message, const settings_t *settings, bool offered);
/// The same of a text alone.
intent_t understand_text(arena_t *arena, text_t words, const settings_t *settings, bool offered);
/// The treatment that a list picker's answer names; `UNCLEAR` unless it names exactly one.
intent_t understand_list(arena_t *arena, text_t response, const settings_t *settings);
/// What a pressed button's payload means.
intent_t understand_payload(text_t payload, const settings_t *settings);

/// What a button for this wish sends back when it is pressed.
text_t wish_payload(wish_t wish);

#endif
