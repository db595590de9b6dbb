// Opening hours: the week begins on the right day, and what cannot be meant is named.
#include "check.h"
#include "hours.h"

static const uint64_t MINUTE = 60000, HOUR = 3600000, DAY = 24 * 3600000;

static bool read(arena_t *arena, text_t json, hours_t *hours, text_t *complaint) {
    return hours_read(arena, json_read(arena, json, complaint), hours, complaint);
}

static void test_open_at(arena_t *arena) {
    hours_t hours = hours_default();
    CHECK(hours_open_at(&hours, 12 * HOUR, 0));            // Thursday at noon
    CHECK(hours_open_at(&hours, 12 * HOUR + 2 * DAY, 0));  // Saturday at noon
    CHECK(!hours_open_at(&hours, 12 * HOUR + 3 * DAY, 0)); // Sunday
    CHECK(!hours_open_at(&hours, 0, 0));                   // Thursday at midnight
    CHECK(hours_open_at(&hours, 18 * HOUR - MINUTE, 0));   // the last minute
    CHECK(!hours_open_at(&hours, 18 * HOUR, 0));

    text_t complaint;
    CHECK(read(arena, T("{\"wed\": \"22:00-24:00\"}"), &hours, &complaint));
    CHECK(hours_open_at(&hours, 0, -60)); // Thursday 00:00 UTC is Wednesday 23:00 an hour further west
    CHECK(!hours_open_at(&hours, 0, 60));
    CHECK(!hours_open_at(&hours, UINT64_MAX, INT64_MAX)); // nonsense in, an answer out
    hours_open_at(&hours, 0, INT64_MIN);
}

static void test_words(arena_t *arena) {
    text_t complaint;
    hours_t hours = hours_default();
    CHECK_TEXT(hours_in_words(arena, &hours), T("mon-fri 09:00-18:00, sat 10:00-16:00"));
    CHECK(read(arena, T("\"mon 09:00-10:00, wed - thu 9:5-24:0\""), &hours, &complaint) == false);
    CHECK(read(arena, T("\"mon 09:00-10:00, wed-thu 9:5-24:0\""), &hours, &complaint));
    CHECK_TEXT(hours_in_words(arena, &hours), T("mon 09:00-10:00, wed-thu 09:05-24:00"));
    CHECK(read(arena, T("{}"), &hours, &complaint));
    CHECK_TEXT(hours_in_words(arena, &hours), T("closed until further notice"));
    // However an object is ordered, the longer name stands over the shorter.
    CHECK(read(arena, T("{\"mon-tue\": \"09:00-10:00\", \"mon\": \"01:00-02:00\"}"), &hours, &complaint));
    CHECK_TEXT(hours_in_words(arena, &hours), T("mon-tue 09:00-10:00"));
}

static void test_wrong(arena_t *arena) {
    static const text_t wrong[][2] = {{TEXT("\"always\""), TEXT("always")},
                                      {TEXT("{\"someday\": \"09:00-18:00\"}"), TEXT("someday")},
                                      {TEXT("{\"fri-mon\": \"09:00-18:00\"}"), TEXT("ends before it begins")},
                                      {TEXT("{\"tue-mon\": \"09:00-18:00\"}"), TEXT("ends before it begins")},
                                      {TEXT("{\"mon\": \"18:00-09:00\"}"), TEXT("18:00-09:00")},
                                      {TEXT("{\"mon\": \"25:00-26:00\"}"), TEXT("25:00-26:00")},
                                      {TEXT("{\"mon\": \"09:60-10:00\"}"), TEXT("09:60-10:00")},
                                      {TEXT("{\"mon\": \"99999999999999999999:00-10:00\"}"), TEXT("not a time span")},
                                      {TEXT("{\"mon\": 9}"), TEXT("not a text")},
                                      {TEXT("3"), TEXT("neither a text nor an object")}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        hours_t hours;
        text_t complaint;
        CHECK(!read(arena, wrong[i][0], &hours, &complaint));
        CHECK_PART(complaint, wrong[i][1]);
    }
}

void test_hours(void) {
    arena_t arena = {NULL};
    test_open_at(&arena);
    test_words(&arena);
    test_wrong(&arena);
    arena_free(&arena);
}
