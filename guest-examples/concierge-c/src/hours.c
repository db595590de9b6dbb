// Opening hours: read from the configuration, asked with the turn's own clock.
#include "hours.h"

#include <stdlib.h>
#include <string.h>

enum { MINUTES_PER_HOUR = 60, MINUTES_PER_DAY = 24 * 60 };

static const text_t names[DAYS] = {TEXT("mon"), TEXT("tue"), TEXT("wed"), TEXT("thu"),
                                   TEXT("fri"), TEXT("sat"), TEXT("sun")};

/// Some days and their hours, as they are written: `mon-fri` and `09:00-18:00`.
typedef struct {
    text_t days;
    text_t hours;
} entry_t;

hours_t hours_default(void) {
    span_t weekday = {9 * MINUTES_PER_HOUR, 18 * MINUTES_PER_HOUR},
           saturday = {10 * MINUTES_PER_HOUR, 16 * MINUTES_PER_HOUR};
    return (hours_t){{weekday, weekday, weekday, weekday, weekday, saturday, {0, 0}}};
}

static bool is_closed(span_t span) { return span.from == span.until; }

static bool is_same(span_t a, span_t b) { return a.from == b.from && a.until == b.until; }

static bool read_day(text_t name, int *day) {
    for (*day = 0; *day < DAYS; ++*day) {
        if (text_equal(names[*day], text_trim(name))) return true;
    }
    return false;
}

/// Reads `09:00`; the day ends at `24:00`.
static bool read_minute(text_t clock, int *minute) {
    text_t before, after;
    int64_t hours, minutes;
    if (!text_cut(text_trim(clock), ':', &before, &after)) return false;
    if (!text_to_number(before, &hours) || !text_to_number(after, &minutes)) return false;
    if (hours < 0 || hours > 24 || minutes < 0 || minutes >= MINUTES_PER_HOUR) return false;
    *minute = (int)(hours * MINUTES_PER_HOUR + minutes);
    return *minute <= MINUTES_PER_DAY;
}

static bool read_span(text_t written, span_t *span) {
    text_t from, until;
    return text_cut(written, '-', &from, &until) && read_minute(from, &span->from) && read_minute(until, &span->until)
           && span->from < span->until;
}

static bool read_entry(arena_t *arena, entry_t entry, hours_t *hours, text_t *complaint) {
    text_t from, until;
    int first, last;
    span_t span;
    if (!text_cut(entry.days, '-', &from, &until)) until = from;
    text_t days = json_quote(arena, entry.days), times = json_quote(arena, entry.hours);
    if (!read_day(from, &first) || !read_day(until, &last)) {
        return complain(complaint, text_join(arena, days, T(" is neither a day nor a range of days such as mon-fri")));
    }
    if (!read_span(entry.hours, &span)) {
        return complain(complaint, text_join(arena, times, T(" is not a time span such as 09:00-18:00")));
    }
    if (last < first) return complain(complaint, text_join(arena, days, T(" ends before it begins")));
    for (int day = first; day <= last; day++) hours->days[day] = span;
    return true;
}

static bool read_words(arena_t *arena, text_t words, hours_t *hours, text_t *complaint) {
    bool more = true;
    while (more) {
        text_t written;
        entry_t entry;
        more = text_cut(words, ',', &written, &words);
        text_cut(text_trim(written), ' ', &entry.days, &entry.hours);
        if (!read_entry(arena, entry, hours, complaint)) return false;
    }
    return true;
}

static int by_days(const void *a, const void *b) {
    text_t left = ((const entry_t *)a)->days, right = ((const entry_t *)b)->days;
    size_t shorter = left.bytes < right.bytes ? left.bytes : right.bytes;
    int order = shorter == 0 ? 0 : memcmp(left.at, right.at, shorter);
    return order != 0 ? order : (left.bytes > right.bytes) - (left.bytes < right.bytes);
}

/// In the order of their names, so that an object means the same however it is written: `mon-fri` stands over `mon`.
static bool read_object(arena_t *arena, const json_t *object, hours_t *hours, text_t *complaint) {
    size_t count = 0, at = 0;
    for (const json_t *field = object->first; field != NULL; field = field->next) count++;
    entry_t *entries = arena_take(arena, count * sizeof *entries);
    for (const json_t *field = object->first; field != NULL; field = field->next) {
        if (field->kind != JSON_TEXT) return complain(complaint, T("the hours of a day are not a text"));
        entries[at++] = (entry_t){field->name, field->text};
    }
    qsort(entries, count, sizeof *entries, by_days);
    for (at = 0; at < count; at++) {
        if (!read_entry(arena, entries[at], hours, complaint)) return false;
    }
    return true;
}

bool hours_read(arena_t *arena, const json_t *value, hours_t *hours, text_t *complaint) {
    *hours = (hours_t){0};
    if (value->kind == JSON_TEXT) return read_words(arena, value->text, hours, complaint);
    if (value->kind == JSON_OBJECT) return read_object(arena, value, hours, complaint);
    return complain(complaint, T("the hours are neither a text nor an object"));
}

bool hours_open_at(const hours_t *hours, uint64_t now_ms, int64_t utc_offset_minutes) {
    // Minutes since 1970 are far from the ends of the type, so only the offset can lead out of it.
    int64_t utc = (int64_t)(now_ms / 60000);
    int64_t minute = utc_offset_minutes > INT64_MAX - utc ? INT64_MAX : utc + utc_offset_minutes;
    int64_t minute_of_day = minute % MINUTES_PER_DAY, day = minute / MINUTES_PER_DAY;
    // Division cuts towards zero, and before 1970 that is the wrong side.
    if (minute_of_day < 0) minute_of_day += MINUTES_PER_DAY, day--;
    // 1970-01-01 was a Thursday, three days after a Monday.
    int64_t weekday = ((day + 3) % DAYS + DAYS) % DAYS;
    span_t span = hours->days[weekday];
    return span.from <= minute_of_day && minute_of_day < span.until;
}

/// A time of the day such as `09:00`.
static text_t clock_time(arena_t *arena, int minute) {
    int hours = minute / MINUTES_PER_HOUR, minutes = minute % MINUTES_PER_HOUR;
    char digits[] = {(char)('0' + hours / 10), (char)('0' + hours % 10), ':', (char)('0' + minutes / 10),
                     (char)('0' + minutes % 10)};
    return text_join(arena, (text_t){digits, sizeof digits});
}

text_t hours_in_words(arena_t *arena, const hours_t *hours) {
    text_t words = T("");
    for (int day = 0, last; day < DAYS; day = last + 1) {
        span_t span = hours->days[day];
        for (last = day; last + 1 < DAYS && is_same(hours->days[last + 1], span);) last++;
        if (is_closed(span)) continue;
        text_t days = last == day ? names[day] : text_join(arena, names[day], T("-"), names[last]);
        text_t times = text_join(arena, clock_time(arena, span.from), T("-"), clock_time(arena, span.until));
        words = text_join(arena, words, words.bytes == 0 ? T("") : T(", "), days, T(" "), times);
    }
    return words.bytes == 0 ? T("closed until further notice") : words;
}
