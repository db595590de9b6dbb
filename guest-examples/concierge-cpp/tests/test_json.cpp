// The reader takes what is JSON, refuses what is not, and survives both. `make test CXX=g++ SANITIZE=address,undefined`
// watches that it never looks beyond the end.
#include <memory>
#include <string>

#include "check.hpp"
#include "json.hpp"

using namespace std::literals;
namespace json = concierge::json;

/// Reads a copy of just that size, so that a look beyond the end is noticed.
static bool is_json(std::string_view source) {
    auto exact = std::make_unique<char[]>(source.size());
    source.copy(exact.get(), source.size());
    return json::read({exact.get(), source.size()}).has_value();
}

static std::string repeated(std::string_view part, int count) {
    std::string whole;
    while (count-- > 0) whole += part;
    return whole;
}

void test_json() {
    for (auto right : {"null"sv, " [ ] "sv, "{}"sv, "-0.5E+3"sv, "[1,2.5,true,false,null,\"x\",{\"a\":[]}]"sv,
                       "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83c\\udf75\""sv, "{\"a\" : 1 ,\n\"b\" : 2}"sv}) {
        CHECK(is_json(right));
    }
    for (auto wrong : {""sv,
                       " "sv,
                       "nul"sv,
                       "nulll"sv,
                       "01"sv,
                       "1."sv,
                       "-"sv,
                       "1e"sv,
                       "+1"sv,
                       ".5"sv,
                       "["sv,
                       "[1,"sv,
                       "[1,]"sv,
                       "[1 2]"sv,
                       "]"sv,
                       "{"sv,
                       "{\"a\""sv,
                       "{\"a\":"sv,
                       "{\"a\":1,}"sv,
                       "{a:1}"sv,
                       "{1:1}"sv,
                       "[}"sv,
                       "\""sv,
                       "\"\\"sv,
                       "\"\\\""sv,
                       "\"\\u12\""sv,
                       "\"\\x\""sv,
                       "\"\\u00g0\""sv,
                       "\"\\ud83c\""sv,
                       "\"\\ud83c\\n\""sv,
                       "\"\\ud83c\\u0041\""sv,
                       "\"\\udf75\""sv,
                       "\"\n\""sv,
                       "\"\0\""sv,
                       "1\0"sv,
                       "[]x"sv,
                       "\xEF\xBB\xBF{}"sv}) {
        CHECK(!is_json(wrong));
    }
    CHECK_TEXT(json::read("[1,]").error(), "not a value at byte 3");
    CHECK_TEXT(*json::read("\"a\\u0000\\ud83c\\udf75\"")->as<std::string>(), "a\0🍵"sv);
    CHECK_TEXT(json::quote("\"\\\b\f\n\r\t\1\x7fé🍵\0"sv), "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7fé🍵\\u0000\"");
    CHECK(json::whole(*json::read("-3"), -3, 3) == -3 && !json::whole(*json::read("1.0"), 0, 3));

    // Nothing crashes it: deep nesting, and every beginning and every one-byte change of a text that has all there is.
    CHECK(is_json(repeated("[", 127) + repeated("]", 127)) && !is_json(repeated("[", 128) + repeated("]", 128)));
    CHECK(!is_json(repeated("[", 100'000)) && !is_json(repeated("{\"a\":", 100'000)));
    const auto all = "{\"a\\u00e9\\ud83c\\udf75\\n\":[1,-2.5e+3,true,false,null,{}],\"\":\"é\"}"s;
    for (std::size_t at = 0; at < all.size(); at++) {
        CHECK(!is_json(all.substr(0, at)));
        for (int byte = 0; byte < 256; byte++) {
            auto changed = all;
            changed[at] = static_cast<char>(byte);
            is_json(changed);
        }
    }
}
