// How the operator configured this bot: the registration's `metadata` object. Everything has a default.
#include "settings.hpp"

#include "json.hpp"
#include "text.hpp"

namespace concierge {

namespace {

/// How many treatments are offered at most: no network shows longer lists well.
constexpr std::size_t treatments_max = 10;

template <typename T> using Read = std::expected<T, std::string>;

/// Reads `tea-ritual = Tea ritual, 30 minutes 🍵`. The host refuses a choice without an id or a title, and with it the
/// whole answer, so both must be there.
Read<Treatment> read_treatment(std::string_view entry) {
    auto [id, words] = text::cut(entry, '=').value_or(std::pair<std::string_view, std::string_view>());
    auto [title, subtitle] = text::cut(words, ',').value_or(std::pair{words, std::string_view()});
    Treatment treatment{std::string(text::trim(id)), std::string(text::trim(title)), std::string(text::trim(subtitle))};
    if (!treatment.id.empty() && !treatment.title.empty()) return treatment;
    return std::unexpected(json::quote(entry) + " is not a treatment such as `tea-ritual = Tea ritual, 30 minutes`");
}

Read<std::vector<Treatment>> read_treatments(const json::Value& value) {
    auto written = json::get<std::string>(value, "a text");
    if (!written) return std::unexpected(written.error());
    std::vector<Treatment> treatments;
    std::string_view rest = *written;
    while (!rest.empty() && treatments.size() < treatments_max) {
        auto [first, others] = text::cut(rest, ';').value_or(std::pair{rest, std::string_view()});
        rest = others;
        auto entry = text::trim(first);
        if (entry.empty()) continue;
        auto treatment = read_treatment(entry);
        if (!treatment) return std::unexpected(treatment.error());
        treatments.push_back(*std::move(treatment));
    }
    return treatments;
}

Read<std::optional<std::int64_t>> read_tag(const json::Value& value) {
    if (value.is_null()) return std::nullopt;
    return json::whole(value, 0, std::numeric_limits<std::int64_t>::max());
}

/// Puts what was read into its place, and gives the complaint when there was one.
template <typename T, typename U> Read<void> put(T& place, Read<U> read) {
    if (!read) return std::unexpected(read.error());
    place = *std::move(read);
    return {};
}

Read<void> read_field(std::string_view name, const json::Value& value, Settings& settings) {
    constexpr auto min = std::numeric_limits<std::int64_t>::min(), max = std::numeric_limits<std::int64_t>::max();
    if (name == "house") return put(settings.house, json::get<std::string>(value, "a text"));
    if (name == "hours") return put(settings.hours, Hours::read(value));
    if (name == "utc-offset-minutes") return put(settings.utc_offset_minutes, json::whole(value, min, max));
    if (name == "treatments") return put(settings.treatments, read_treatments(value));
    if (name == "tag-person") return put(settings.tag_person, read_tag(value));
    if (name == "tag-booking") return put(settings.tag_booking, read_tag(value));
    return {};
}

Read<Settings> read_settings(std::string_view config) {
    Settings settings;
    auto value = json::read(config);
    if (!value) return std::unexpected(value.error());
    auto object = value->as<json::Object>();
    if (!object) return std::unexpected("not an object");
    for (const auto& [name, field] : *object) {
        if (auto done = read_field(name, field, settings); !done) return std::unexpected(name + ": " + done.error());
    }
    return settings;
}

} // namespace

std::pair<Settings, std::optional<std::string>> Settings::read(std::string_view config) {
    if (auto settings = read_settings(config)) return {*std::move(settings), std::nullopt};
    else return {Settings(), "the configuration is not used: " + settings.error()};
}

} // namespace concierge
