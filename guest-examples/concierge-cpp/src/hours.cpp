// Opening hours: read from the configuration, asked with the turn's own clock.
#include "hours.hpp"

#include <map>

#include "text.hpp"

namespace concierge {

namespace {

constexpr std::array<std::string_view, 7> names = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr int minutes_per_hour = 60, minutes_per_day = 24 * minutes_per_hour;

std::optional<std::size_t> day_number(std::string_view name) {
    for (std::size_t day = 0; day < names.size(); day++) {
        if (names[day] == text::trim(name)) return day;
    }
    return std::nullopt;
}

/// Reads `09:00`; the day ends at `24:00`.
std::optional<int> read_minute(std::string_view written) {
    auto parts = text::cut(text::trim(written), ':');
    if (!parts) return std::nullopt;
    auto hours = text::to_number(parts->first), minutes = text::to_number(parts->second);
    if (!hours || !minutes || *hours < 0 || *hours > 24 || *minutes < 0 || *minutes >= minutes_per_hour)
        return std::nullopt;
    auto minute = static_cast<int>(*hours * minutes_per_hour + *minutes);
    return minute <= minutes_per_day ? std::optional(minute) : std::nullopt;
}

std::string clock_time(int minute) {
    auto two_digits = [](int number) { return std::string{char('0' + number / 10), char('0' + number % 10)}; };
    return two_digits(minute / minutes_per_hour) + ':' + two_digits(minute % minutes_per_hour);
}

} // namespace

Hours::Hours() {
    days.fill(Span{9 * minutes_per_hour, 18 * minutes_per_hour});
    days[5] = Span{10 * minutes_per_hour, 16 * minutes_per_hour};
    days[6] = std::nullopt;
}

std::expected<Hours, std::string> Hours::read(const json::Value& value) {
    Hours hours;
    hours.days.fill(std::nullopt);
    if (auto words = value.as<std::string>()) {
        std::string_view rest = *words;
        for (bool more = true; more;) {
            auto parts = text::cut(rest, ',');
            auto entry = text::trim(parts ? parts->first : rest);
            auto [named, span] = text::cut(entry, ' ').value_or(std::pair{entry, std::string_view()});
            if (auto done = hours.put(named, span); !done) return std::unexpected(done.error());
            more = parts.has_value();
            if (more) rest = parts->second;
        }
    } else if (auto object = value.as<json::Object>()) {
        // In the order of their names, so that an object means the same however it is written.
        for (const auto& [named, span] : std::map(object->begin(), object->end())) {
            auto written = json::get<std::string>(span, "a text");
            if (!written) return std::unexpected(json::quote(named) + " is " + written.error());
            if (auto done = hours.put(named, *written); !done) return std::unexpected(done.error());
        }
    } else {
        return std::unexpected("neither a text nor an object");
    }
    return hours;
}

std::expected<void, std::string> Hours::put(std::string_view named, std::string_view written) {
    auto [from, until] = text::cut(named, '-').value_or(std::pair{named, named});
    auto first = day_number(from), last = day_number(until);
    if (!first || !last) {
        return std::unexpected(json::quote(named) + " is neither a day nor a range of days such as mon-fri");
    }
    auto span = read_span(written);
    if (!span) return std::unexpected(json::quote(written) + " is not a time span such as 09:00-18:00");
    if (*last < *first) return std::unexpected(json::quote(named) + " ends before it begins");
    for (auto day = *first; day <= *last; day++) days[day] = span;
    return {};
}

std::optional<Hours::Span> Hours::read_span(std::string_view written) {
    auto parts = text::cut(written, '-');
    auto from = parts ? read_minute(parts->first) : std::nullopt;
    auto until = parts ? read_minute(parts->second) : std::nullopt;
    if (!from || !until || *from >= *until) return std::nullopt;
    return Span{*from, *until};
}

bool Hours::open_at(std::uint64_t now_ms, std::int64_t utc_offset_minutes) const {
    // Minutes since 1970 are far from the ends of the type, so only the offset can lead out of it.
    auto utc = static_cast<std::int64_t>(now_ms / 60'000);
    constexpr auto max = std::numeric_limits<std::int64_t>::max();
    auto minute = utc_offset_minutes > max - utc ? max : utc + utc_offset_minutes;
    auto minute_of_day = minute % minutes_per_day, day = minute / minutes_per_day;
    // Division cuts towards zero, and before 1970 that is the wrong side.
    if (minute_of_day < 0) minute_of_day += minutes_per_day, day--;
    // 1970-01-01 was a Thursday, three days after a Monday.
    auto weekday = static_cast<std::size_t>(((day + 3) % 7 + 7) % 7);
    const auto& span = days[weekday];
    return span && span->from <= minute_of_day && minute_of_day < span->until;
}

std::string Hours::in_words() const {
    std::string words;
    for (std::size_t day = 0, last = 0; day < days.size(); day = last + 1) {
        last = day;
        while (last + 1 < days.size() && days[last + 1] == days[day]) last++;
        if (!days[day]) continue;
        if (!words.empty()) words += ", ";
        words += names[day];
        if (last > day) words.append("-").append(names[last]);
        words += ' ' + clock_time(days[day]->from) + '-' + clock_time(days[day]->until);
    }
    return words.empty() ? "closed until further notice" : words;
}

} // namespace concierge
