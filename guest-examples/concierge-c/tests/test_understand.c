// People ask for the same in many ways.
#include "check.h"
#include "understand.h"

static settings_t settings;

static void check_meaning(text_t words, bool offered, wish_t wish, text_t id) {
    arena_t arena = {NULL};
    intent_t intent = understand_text(&arena, words, &settings, offered);
    CHECK_TEXT(wish_payload(intent.wish), wish_payload(wish));
    if (wish == CHOOSE && intent.wish == CHOOSE) CHECK_TEXT(intent.treatment->id, id);
    arena_free(&arena);
}

static void check_list(text_t response, text_t id) {
    arena_t arena = {NULL};
    intent_t intent = understand_list(&arena, response, &settings);
    CHECK_TEXT(intent.wish == CHOOSE ? intent.treatment->id : T(""), id);
    arena_free(&arena);
}

void test_understand(void) {
    arena_t arena = {NULL};
    settings_read(&arena, T("{}"), &settings);
    static const text_t for_people[] = {
        TEXT("I want a human!"), TEXT("Can I talk to someone?"), TEXT("agent"),
        TEXT("CALL ME"),         TEXT("are you a real person?"), TEXT("Hello, please let me speak with your reception"),
        TEXT("talk\u00A0to")};
    for (size_t i = 0; i < sizeof for_people / sizeof *for_people; i++)
        check_meaning(for_people[i], false, PERSON, T(""));
    check_meaning(T("this"), false, UNCLEAR, T(""));
    check_meaning(T("hi there"), false, HELLO, T(""));
    check_meaning(T("👋"), false, HELLO, T(""));
    check_meaning(T(""), false, UNCLEAR, T(""));
    check_meaning(T("the tea ritual, please"), false, CHOOSE, T("tea-ritual"));
    // A number means a treatment only after the list.
    check_meaning(T("2"), true, CHOOSE, T("forest-bath"));
    check_meaning(T(" 2. "), true, CHOOSE, T("forest-bath"));
    check_meaning(T("0"), true, UNCLEAR, T(""));
    check_meaning(T("99999999999999999999"), true, UNCLEAR, T(""));
    check_meaning(T("2"), false, UNCLEAR, T(""));

    check_list(T("{\"sections\": [{\"choices\": [{\"id\": \"hot-stone\"}]}]}"), T("hot-stone"));
    check_list(T("[\"hot-stone\", \"tea-ritual\"]"), T(""));
    check_list(T("{\"tea-ritual\": \"something else\"}"), T(""));
    check_list(T("not JSON"), T(""));
    for (wish_t wish = UNCLEAR; wish <= THANKS; wish++) {
        if (wish != CHOOSE) CHECK(understand_payload(wish_payload(wish), &settings).wish == wish);
    }
    CHECK_TEXT(understand_payload(T("tea-ritual"), &settings).treatment->title, T("Tea ritual"));
    CHECK(understand_payload(T("mud-pack"), &settings).wish == UNCLEAR);
    arena_free(&arena);
}
