// Each part by itself: texts, hours, settings, memory, and what words mean.
#include <limits>

#include "check.hpp"
#include "memory.hpp"
#include "settings.hpp"
#include "text.hpp"
#include "understand.hpp"

using namespace concierge;

static void test_text() {
    CHECK_TEXT(text::trim(" \t\u3000 tea ritual\u00A0\n"), "tea ritual");
    CHECK_TEXT(text::trim(" \u2003"), "");
    CHECK_TEXT(text::first_word("Zoë\u00A0B"), "Zoë");
    CHECK_TEXT(text::start("🍵é🦆x", 3), "🍵é🦆");
    CHECK_TEXT(text::words("  Hello,\u00A0JO!"), " hello jo ");
    CHECK(text::to_number("-9223372036854775808") && !text::to_number("9223372036854775808") && !text::to_number("1 "));
}

static std::string hours_error(std::string_view json) { return Hours::read(*json::read(json)).error(); }

static std::string hours_words(std::string_view json) { return Hours::read(*json::read(json))->in_words(); }

static void test_hours() {
    constexpr std::uint64_t hour = 3'600'000, day = 24 * hour;
    Hours hours;
    CHECK(hours.open_at(12 * hour, 0));            // Thursday at noon
    CHECK(hours.open_at(12 * hour + 2 * day, 0));  // Saturday
    CHECK(!hours.open_at(12 * hour + 3 * day, 0)); // Sunday
    CHECK(!hours.open_at(0, 0));                   // Thursday at midnight
    CHECK(hours.open_at(18 * hour - 60'000, 0) && !hours.open_at(18 * hour, 0));
    auto late = Hours::read(*json::read("{\"wed\": \"22:00-24:00\"}"));
    CHECK(late->open_at(0, -60)); // Thursday 00:00 UTC is Wednesday 23:00 an hour further west
    CHECK(!late->open_at(0, 60));
    // Nonsense in, an answer out.
    CHECK(!late->open_at(std::numeric_limits<std::uint64_t>::max(), std::numeric_limits<std::int64_t>::max()));
    late->open_at(0, std::numeric_limits<std::int64_t>::min());

    CHECK_TEXT(hours.in_words(), "mon-fri 09:00-18:00, sat 10:00-16:00");
    CHECK_TEXT(hours_words("\"mon 9:0-10:0, wed-thu 9:5-24:0\""), "mon 09:00-10:00, wed-thu 09:05-24:00");
    CHECK_TEXT(hours_words("{\"mon-tue\": \"09:00-10:00\", \"mon\": \"01:00-02:00\"}"), "mon-tue 09:00-10:00");
    CHECK_TEXT(hours_words("{}"), "closed until further notice");
    CHECK_PART(hours_error("\"always\""), "always");
    CHECK_PART(hours_error("{\"someday\": \"09:00-18:00\"}"), "someday");
    CHECK_PART(hours_error("{\"fri-mon\": \"09:00-18:00\"}"), "ends before it begins");
    CHECK_PART(hours_error("{\"tue-mon\": \"09:00-18:00\"}"), "ends before it begins");
    CHECK_PART(hours_error("{\"mon\": \"25:00-26:00\"}"), "25:00-26:00");
    CHECK_PART(hours_error("{\"mon\": 9}"), "not a text");
    CHECK_PART(hours_error("3"), "neither a text nor an object");
}

static void test_settings() {
    auto [villa, none] = Settings::read("{\"house\": \"Villa 🌸\", \"tag-person\": 1001, \"colour\": []}");
    CHECK(!none && villa.house == "Villa 🌸" && villa.tag_person == 1001 && villa.treatments.size() == 3);
    auto two = Settings::read("{\"treatments\": \"tea = Tea ritual, 30 minutes 🍵; bath = Bath;\"}").first;
    CHECK(two.treatments == (std::vector<Treatment>{{"tea", "Tea ritual", "30 minutes 🍵"}, {"bath", "Bath", ""}}));
    for (auto broken : {"", "[]x", "[]", "{\"hours\": {\"someday\": \"9-5\"}}", "{\"tag-person\": \"vip\"}",
                        "{\"treatments\": \"Tea\"}", "{\"treatments\": \"=Tea\"}", "{\"house\": null}",
                        "{\"house\": \"Villa\", \"utc-offset-minutes\": 1.5}"}) {
        auto [settings, complaint] = Settings::read(broken);
        CHECK_TEXT(settings.house, "Lantern House");
        CHECK_PART(complaint.value_or(""), "the configuration is not used: ");
    }
}

static void test_memory() {
    Memory memory;
    memory.chosen = "Tea \"ritual\" 🍵";
    memory.count(" a 👩‍👩‍👧 family\n");
    memory.ask(Topic::hours);
    memory.ask(Topic::hours);
    CHECK_TEXT(
        memory.write(),
        "{\"messages\":1,\"greeted\":false,\"agent-spoke\":false,\"misunderstood\":0,\"asked\":[\"hours\"],"
        "\"offered\":false,\"chosen\":\"Tea \\\"ritual\\\" 🍵\",\"last-words\":[\"a 👩‍👩‍👧 family\"]}");
    CHECK(Memory::read(memory.write()) == memory);
    CHECK(Memory::read("{\"messages\": 3, \"mood\": 1}")->messages == 3);
    for (auto foreign : {"v1;3", "", "3", "{\"messages\":-1}", "{\"messages\":4294967296}", "{\"greeted\":1}",
                         "{\"asked\":[\"weather\"]}", "{\"last-words\":[1]}", "{\"chosen\":1}"}) {
        CHECK(!Memory::read(foreign));
    }
    std::string tea;
    for (int i = 0; i < 1000; i++) tea += "🍵";
    for (int i = 0; i < 99; i++) memory.count(tea);
    CHECK(memory.messages == 100 && memory.last_words.size() == 3 && memory.last_words[2].size() == 4 * 120);
}

static void test_understanding() {
    const auto three = Settings().treatments;
    auto meant = [&](std::string_view text, bool offered) { return understand_text(text, three, offered).in_words(); };
    for (auto text : {"I want a human!", "Can I talk to someone?", "agent", "CALL ME", "are you a real person?",
                      "Hello, please let me speak with your reception"}) {
        CHECK_TEXT(meant(text, false), "person");
    }
    CHECK_TEXT(meant("this", false), "unclear");
    CHECK_TEXT(meant("👋", false), "hello");
    CHECK_TEXT(meant("the tea ritual, please", false), "choose tea-ritual");
    // A number means a treatment only after the list.
    CHECK_TEXT(meant(" 2. ", true), "choose forest-bath");
    CHECK_TEXT(meant("0", true), "unclear");
    CHECK_TEXT(meant("99999999999999999999", true), "unclear");
    CHECK_TEXT(meant("2", false), "unclear");
    CHECK_TEXT(understand_list("{\"a\": [{\"id\": \"hot-stone\"}]}", three).in_words(), "choose hot-stone");
    CHECK_TEXT(understand_list("[\"hot-stone\", \"tea-ritual\"]", three).in_words(), "unclear");
    CHECK_TEXT(understand_list("{\"tea-ritual\": \"something else\"}", three).in_words(), "unclear");
    CHECK_TEXT(understand_list("not JSON", three).in_words(), "unclear");
    for (auto word : {"hello", "hours", "treatments", "person", "thanks", "unclear"}) {
        CHECK_TEXT(understand_payload(word, three).in_words(), word);
    }
    CHECK_TEXT(understand_payload("mud-pack", three).in_words(), "unclear");
}

void test_parts() {
    test_text();
    test_hours();
    test_settings();
    test_memory();
    test_understanding();
}
