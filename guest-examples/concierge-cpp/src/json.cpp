// A small reader for JSON, and the one thing needed for writing it: a quoted text.
//
// What it reads may come from anywhere, so it takes nothing for granted: no byte is looked at before the bounds are,
// and the depth has a limit, since each level takes a piece of the stack.
#include "json.hpp"

#include "text.hpp"

namespace concierge::json {

namespace {

constexpr int depth_max = 127;

/// Reads one text from front to back. Each `read_...` is false when the text is no JSON, and then `complaint` says why.
class Reader {
  public:
    explicit Reader(std::string_view text) : source(text) {}

    bool read_whole(Value& value) { return read_value(value, 0) && (rest().empty() || fail("more after the end")); }

    std::string complaint_with_place() const { return std::string(complaint) + " at byte " + std::to_string(at); }

  private:
    std::string_view source;
    std::size_t at = 0;
    std::string_view complaint;

    std::string_view rest() const { return source.substr(at); }

    bool fail(std::string_view why) {
        complaint = why;
        return false;
    }

    /// Goes past `wanted`, where it is next.
    bool skip(char wanted) {
        if (!rest().starts_with(wanted)) return false;
        at++;
        return true;
    }

    void skip_space() { at = std::min(source.find_first_not_of(" \n\r\t", at), source.size()); }

    bool skip_digits() {
        auto from = at;
        at = std::min(source.find_first_not_of("0123456789", at), source.size());
        return at > from;
    }

    bool read_word(std::string_view word, Value& value, Value meaning) {
        if (!rest().starts_with(word)) return fail("not a value");
        at += word.size();
        value = std::move(meaning);
        return true;
    }

    bool read_number(Value& value) {
        auto from = at;
        skip('-');
        bool right = skip('0') || skip_digits();
        if (right && skip('.')) right = skip_digits();
        if (right && (skip('e') || skip('E'))) {
            if (!skip('+')) skip('-');
            right = skip_digits();
        }
        value = Number{std::string(source.substr(from, at - from))};
        return right || fail("not a value");
    }

    /// Reads the four digits of `\u1234`.
    bool read_hex(char32_t& unit) {
        static constexpr std::string_view digits = "0123456789abcdefABCDEF";
        unit = 0;
        for (int i = 0; i < 4; i++, at++) {
            auto digit = rest().empty() ? digits.npos : digits.find(source[at]);
            if (digit == digits.npos) return fail("an escape without its four digits");
            unit = unit << 4 | static_cast<char32_t>(digit < 16 ? digit : digit - 6);
        }
        return true;
    }

    /// Reads what follows `\u`: a unit of UTF-16, or the two of a pair. Half a pair is no character.
    bool read_unicode(char32_t& character) {
        char32_t low = 0;
        if (!read_hex(character)) return false;
        if (character < 0xD800 || character > 0xDFFF) return true;
        if (character > 0xDBFF || !skip('\\') || !skip('u')) return fail("half a character");
        if (!read_hex(low)) return false;
        if (low < 0xDC00 || low > 0xDFFF) return fail("half a character");
        character = 0x10000 + ((character - 0xD800) << 10) + (low - 0xDC00);
        return true;
    }

    /// Reads what follows a backslash.
    bool read_escape(std::string& text) {
        static constexpr std::string_view names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
        if (skip('u')) {
            char32_t character = 0;
            if (!read_unicode(character)) return false;
            text::append(text, character);
            return true;
        }
        auto name = rest().empty() ? names.npos : names.find(source[at]);
        if (name == names.npos) return fail("an unknown escape");
        text += meanings[name];
        at++;
        return true;
    }

    bool read_text(std::string& text) {
        if (!skip('"')) return fail("a text is missing here");
        while (!skip('"')) {
            if (rest().empty()) return fail("a text without its end");
            if (static_cast<unsigned char>(source[at]) < ' ') return fail("a control character within a text");
            if (!skip('\\')) text += source[at++];
            else if (!read_escape(text)) return false;
        }
        return true;
    }

    bool read_list(Value& value, int depth) {
        auto& list = value.emplace<List>();
        if (depth == depth_max) return fail("nested too deep");
        skip_space();
        if (skip(']')) return true;
        do {
            if (!read_value(list.emplace_back(), depth + 1)) return false;
        } while (skip(','));
        return skip(']') || fail("a comma or a bracket is missing here");
    }

    bool read_object(Value& value, int depth) {
        auto& object = value.emplace<Object>();
        if (depth == depth_max) return fail("nested too deep");
        skip_space();
        if (skip('}')) return true;
        do {
            auto& [name, field] = object.emplace_back();
            skip_space();
            if (!read_text(name)) return false;
            skip_space();
            if (!skip(':')) return fail("a colon is missing here");
            if (!read_value(field, depth + 1)) return false;
        } while (skip(','));
        return skip('}') || fail("a comma or a brace is missing here");
    }

    bool read_one(Value& value, int depth) {
        switch (rest().empty() ? '\0' : source[at]) {
        case '{': at++; return read_object(value, depth);
        case '[': at++; return read_list(value, depth);
        case '"': return read_text(value.emplace<std::string>());
        case 't': return read_word("true", value, true);
        case 'f': return read_word("false", value, false);
        case 'n': return read_word("null", value, nullptr);
        default: return read_number(value);
        }
    }

    /// Reads a value and the white space around it.
    bool read_value(Value& value, int depth) {
        skip_space();
        if (!read_one(value, depth)) return false;
        skip_space();
        return true;
    }
};

} // namespace

std::expected<Value, std::string> read(std::string_view source) {
    Reader reader(source);
    Value value;
    if (!reader.read_whole(value)) return std::unexpected(reader.complaint_with_place());
    return value;
}

std::expected<std::int64_t, std::string> whole(const Value& value, std::int64_t min, std::int64_t max) {
    auto number = value.as<Number>() ? text::to_number(value.as<Number>()->digits) : std::nullopt;
    if (!number || *number < min || *number > max) return std::unexpected("not a whole number that fits");
    return *number;
}

std::string quote(std::string_view text) {
    static constexpr std::string_view hex = "0123456789abcdef", names = "\"\\bfnrt", meanings = "\"\\\b\f\n\r\t";
    std::string quoted = "\"";
    for (char c : text) {
        if (auto meaning = meanings.find(c); meaning != meanings.npos) {
            quoted += '\\';
            quoted += names[meaning];
        } else if (static_cast<unsigned char>(c) < ' ') {
            quoted += "\\u00";
            quoted += hex[static_cast<std::size_t>(c >> 4)];
            quoted += hex[static_cast<std::size_t>(c & 15)];
        } else {
            quoted += c;
        }
    }
    return quoted + '"';
}

} // namespace concierge::json
