// How the operator configured this bot: the registration's `metadata` object. Everything has a default.
#ifndef CONCIERGE_SETTINGS_H
#define CONCIERGE_SETTINGS_H

#include "hours.h"
#include "text.h"

/// How many treatments are offered at most: no network shows longer lists well.
enum { TREATMENTS_MAX = 10 };

/// Something to book.
typedef struct {
    /// Comes back with the choice.
    text_t id;
    /// Its name.
    text_t title;
    /// A word about it; empty when there is none.
    text_t subtitle;
} treatment_t;

/// A platform's tag. Khoros' tags are numbers.
typedef struct {
    bool is_set;
    int64_t id;
} tag_t;

/// The configuration. Khoros takes no object and no list within `metadata`, so each setting is a text or a number.
typedef struct {
    /// The house's name.
    text_t house;
    /// When it is open: `mon-fri 09:00-18:00, sat 10:00-16:00`.
    hours_t hours;
    /// How far the house's clock is ahead of UTC, in minutes.
    int64_t utc_offset_minutes;
    /// What can be booked: `tea-ritual = Tea ritual, 30 minutes 🍵; forest-bath = Forest bath`.
    treatment_t treatments[TREATMENTS_MAX];
    size_t treatments_count;
    /// For conversations that ask for a person.
    tag_t tag_person;
    /// For conversations in which something was chosen.
    tag_t tag_booking;
} settings_t;

/// Reads the configuration. A broken one must not silence the bot: it gets the defaults, and the answer is a complaint
/// for the log, which is empty when all is well.
text_t settings_read(arena_t *arena, text_t config, settings_t *settings);

#endif
