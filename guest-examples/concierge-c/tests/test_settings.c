// What is not configured has a default, and what is broken is complained about and not used.
#include "check.h"
#include "settings.h"

void test_settings(void) {
    arena_t arena = {NULL};
    settings_t settings;
    CHECK_TEXT(settings_read(&arena, T("{\"house\": \"Villa 🌸\", \"tag-person\": 1001, \"colour\": []}"), &settings),
               T(""));
    CHECK_TEXT(settings.house, T("Villa 🌸"));
    CHECK(settings.tag_person.is_set && settings.tag_person.id == 1001 && !settings.tag_booking.is_set);
    CHECK(settings.treatments_count == 3);

    text_t two = T("{\"treatments\": \"tea = Tea ritual, 30 minutes 🍵; bath = Bath;\"}");
    CHECK_TEXT(settings_read(&arena, two, &settings), T(""));
    CHECK(settings.treatments_count == 2);
    CHECK_TEXT(settings.treatments[0].subtitle, T("30 minutes 🍵"));
    CHECK_TEXT(settings.treatments[1].title, T("Bath"));
    CHECK_TEXT(settings.treatments[1].subtitle, T(""));

    text_t eleven = T("{\"treatments\": \"a=A;b=B;c=C;d=D;e=E;f=F;g=G;h=H;i=I;j=J;k=K\"}");
    CHECK_TEXT(settings_read(&arena, eleven, &settings), T(""));
    CHECK(settings.treatments_count == TREATMENTS_MAX);

    static const text_t broken[] = {TEXT(""),
                                    TEXT("[]x"),
                                    TEXT("[]"),
                                    TEXT("{\"hours\": {\"someday\": \"9-5\"}}"),
                                    TEXT("{\"tag-person\": \"vip\"}"),
                                    TEXT("{\"treatments\": \"Tea\"}"),
                                    TEXT("{\"treatments\": \"=Tea\"}"),
                                    TEXT("{\"house\": null}"),
                                    TEXT("{\"house\": \"Villa\", \"utc-offset-minutes\": 1.5}"),
                                    TEXT("{\"tag-booking\": -1}")};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        CHECK_PART(settings_read(&arena, broken[i], &settings), T("the configuration is not used: "));
        CHECK_TEXT(settings.house, T("Lantern House"));
        CHECK(!settings.tag_person.is_set && settings.treatments_count == 3);
    }
    arena_free(&arena);
}
