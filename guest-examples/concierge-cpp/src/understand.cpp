// What the customer wants: a pressed button says it exactly, a list's answer nearly so, and words must be guessed from.
#include "understand.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "json.hpp"
#include "text.hpp"

namespace concierge {

namespace {

/// In the order of `Wish`.
constexpr std::array<std::string_view, 7> payloads = {
    "unclear", "hello", "hours", "treatments", "choose", "person", "thanks",
};

struct Phrases {
    Wish wish;
    std::initializer_list<std::string_view> phrases;
};

/// Words for each wish. The first that occurs wins, so that "Hello, can I talk to a person?" asks for a person.
const Phrases meanings[] = {
    {Wish::person,
     {"human", "person", "agent", "someone", "somebody", "operator", "representative", "staff", "colleague",
      "reception", "talk to", "speak to", "speak with", "call me", "not a bot", "real people"}},
    {Wish::hours, {"hours", "open", "opening", "close", "closed", "closing", "when can i come"}},
    {Wish::treatments,
     {"treatment", "treatments", "massage", "spa", "book", "booking", "menu", "offer", "appointment", "reserve"}},
    {Wish::thanks, {"thanks", "thank you", "thx", "cheers", "🙏"}},
    {Wish::hello, {"hello", "hi", "hey", "good morning", "good afternoon", "good evening", "👋"}},
};

/// Whether `words` holds this phrase, whole words of it.
bool says(std::string_view words, std::string_view phrase) {
    for (auto at = words.find(phrase); at != words.npos; at = words.find(phrase, at + 1)) {
        if (words[at - 1] == ' ' && words[at + phrase.size()] == ' ') return true;
    }
    return false;
}

/// Whether `words` holds this title. One without a single letter is in nothing.
bool names(std::string_view words, std::string_view title) {
    auto wanted = text::words(title);
    return wanted != " " && words.find(wanted) != words.npos;
}

bool mentions(const json::Value& value, std::string_view id) {
    if (auto text = value.as<std::string>()) return *text == id;
    if (auto list = value.as<json::List>()) {
        return std::ranges::any_of(*list, [&](const auto& item) { return mentions(item, id); });
    }
    if (auto object = value.as<json::Object>()) {
        return std::ranges::any_of(*object, [&](const auto& field) { return mentions(field.second, id); });
    }
    return false;
}

} // namespace

std::string_view payload(Wish wish) { return payloads[static_cast<std::size_t>(wish)]; }

std::string Intent::in_words() const {
    auto words = std::string(payload(wish));
    return wish == Wish::choose ? words + ' ' + treatment.id : words;
}

Intent understand(const Message& message, std::span<const Treatment> treatments, bool offered) {
    if (message.pressed) return understand_payload(*message.pressed, treatments);
    if (message.list_response) return understand_list(*message.list_response, treatments);
    return understand_text(message.text, treatments, offered);
}

/// A payload that is no word of ours is the id of a treatment: the host sends it for a list's choice where the network
/// has no lists. The button may be older than the list of treatments.
Intent understand_payload(std::string_view pressed, std::span<const Treatment> treatments) {
    auto word = std::ranges::find(payloads, pressed);
    auto wish = static_cast<Wish>(word - payloads.begin());
    if (word != payloads.end() && wish != Wish::choose) return {wish};
    auto treatment = std::ranges::find(treatments, pressed, &Treatment::id);
    return treatment == treatments.end() ? Intent{Wish::unclear} : Intent{Wish::choose, *treatment};
}

/// The shape of a list's answer is not documented, so any text in it that is an id of ours counts.
Intent understand_list(std::string_view response, std::span<const Treatment> treatments) {
    auto value = json::read(response);
    if (!value) return {Wish::unclear};
    auto is_mentioned = [&](const Treatment& treatment) { return mentions(*value, treatment.id); };
    auto first = std::ranges::find_if(treatments, is_mentioned);
    if (first == treatments.end() || std::any_of(first + 1, treatments.end(), is_mentioned)) return {Wish::unclear};
    return {Wish::choose, *first};
}

Intent understand_text(std::string_view said, std::span<const Treatment> treatments, bool offered) {
    auto words = text::words(said);
    if (auto number = text::to_number(text::trim(words)); offered && number) {
        bool on_list = *number >= 1 && static_cast<std::uint64_t>(*number) <= treatments.size();
        return on_list ? Intent{Wish::choose, treatments[static_cast<std::size_t>(*number) - 1]}
                       : Intent{Wish::unclear};
    }
    for (const auto& treatment : treatments) {
        if (names(words, treatment.title)) return {Wish::choose, treatment};
    }
    for (const auto& [wish, phrases] : meanings) {
        if (std::ranges::any_of(phrases, [&](auto phrase) { return says(words, phrase); })) return {wish};
    }
    return {Wish::unclear};
}

} // namespace concierge
