// Texts as people write them: white space of every kind, characters rather than bytes, lower case.
#include "text.hpp"

#include <charconv>
#include <cwctype>

namespace concierge::text {

namespace {

/// Takes the next character off the front of a text that is not empty.
char32_t next(std::string_view& rest) {
    // The host gives nothing but valid UTF-8; the bounds hold for any bytes.
    auto lead = static_cast<unsigned char>(rest.front());
    std::size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t character = length == 1 ? lead : lead & (0x7Fu >> length);
    rest.remove_prefix(1);
    for (std::size_t i = 1; i < length && !rest.empty(); i++) {
        character = character << 6 | (static_cast<unsigned char>(rest.front()) & 0x3F);
        rest.remove_prefix(1);
    }
    return character;
}

bool is_punctuation(char32_t c) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

} // namespace

bool is_space(char32_t c) {
    return (c >= '\t' && c <= '\r') || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A)
           || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::string_view trim(std::string_view text) {
    std::size_t from = text.size(), until = text.size();
    for (auto rest = text; !rest.empty();) {
        auto at = text.size() - rest.size();
        if (is_space(next(rest))) continue;
        if (from == text.size()) from = at;
        until = text.size() - rest.size();
    }
    return text.substr(from, until - from);
}

std::string_view first_word(std::string_view text) {
    for (auto rest = text; !rest.empty();) {
        auto at = text.size() - rest.size();
        if (is_space(next(rest))) return text.substr(0, at);
    }
    return text;
}

std::string_view start(std::string_view text, std::size_t count) {
    auto rest = text;
    while (count-- > 0 && !rest.empty()) next(rest);
    return text.substr(0, text.size() - rest.size());
}

std::string words(std::string_view text) {
    std::string words = " ";
    while (!text.empty()) {
        auto character = next(text);
        if (!is_space(character) && !is_punctuation(character)) {
            append(words, static_cast<char32_t>(std::towlower(static_cast<std::wint_t>(character))));
        } else if (words.back() != ' ') {
            words += ' ';
        }
    }
    if (words.back() != ' ') words += ' ';
    return words;
}

std::optional<std::pair<std::string_view, std::string_view>> cut(std::string_view text, char separator) {
    auto at = text.find(separator);
    if (at == std::string_view::npos) return std::nullopt;
    return std::pair{text.substr(0, at), text.substr(at + 1)};
}

std::optional<std::int64_t> to_number(std::string_view digits) {
    std::int64_t number = 0;
    auto end = digits.data() + digits.size();
    auto [stopped, error] = std::from_chars(digits.data(), end, number);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    return number;
}

void append(std::string& text, char32_t c) {
    if (c < 0x80) {
        text += static_cast<char>(c);
        return;
    }
    int length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    text += static_cast<char>((0xF00u >> length & 0xFF) | c >> (6 * (length - 1)));
    for (int i = length - 2; i >= 0; i--) text += static_cast<char>(0x80 | (c >> (6 * i) & 0x3F));
}

} // namespace concierge::text
