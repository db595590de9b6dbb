// Opening hours: read from the configuration, asked with the turn's own clock.
#ifndef CONCIERGE_HOURS_H
#define CONCIERGE_HOURS_H

#include "json.h"
#include "text.h"

enum { DAYS = 7 };

/// Minutes of a day, from and until; both 0 when closed.
typedef struct {
    int from;
    int until;
} span_t;

/// When the house is open, Monday first.
typedef struct {
    span_t days[DAYS];
} hours_t;

/// What holds where nothing is configured: `mon-fri 09:00-18:00, sat 10:00-16:00`.
hours_t hours_default(void);
/// Reads hours as `hours_in_words` writes them, or from an object such as `{"mon-fri": "09:00-18:00"}`. A day that is
/// not named is closed. When false, `complaint` says what is wrong.
bool hours_read(arena_t *arena, const json_t *value, hours_t *hours, text_t *complaint);
/// Whether the house is open at this time, in milliseconds since 1970-01-01 UTC.
bool hours_open_at(const hours_t *hours, uint64_t now_ms, int64_t utc_offset_minutes);
/// The week in words, days of the same hours together.
text_t hours_in_words(arena_t *arena, const hours_t *hours);

#endif
