// Texts as people write them: white space of every kind, characters rather than bytes, lower case.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace concierge::text {

/// Whether a character is white space, as Unicode says (`White_Space`).
bool is_space(char32_t character);

/// The text without white space at its ends.
std::string_view trim(std::string_view text);

/// Everything before the first white space.
std::string_view first_word(std::string_view text);

/// The first `count` characters: code points, not bytes.
std::string_view start(std::string_view text, std::size_t count);

/// The text in lower case, each word between single spaces, so that "hi" is not found in "this".
std::string words(std::string_view text);

/// Cuts at the first separator; nothing when there is none.
std::optional<std::pair<std::string_view, std::string_view>> cut(std::string_view text, char separator);

/// Reads a whole number; nothing when it is something else or does not fit.
std::optional<std::int64_t> to_number(std::string_view digits);

/// Appends a character in UTF-8.
void append(std::string& text, char32_t character);

} // namespace concierge::text
