// What the bot remembers of a conversation: JSON in the state that the host keeps between turns.
#include "memory.hpp"

#include <algorithm>

#include "json.hpp"
#include "text.hpp"

namespace concierge {

namespace {

using Read = std::expected<void, std::string>;

/// Puts what was read into its place, and gives the complaint when there was one.
template <typename T, typename U> Read put(T& place, std::expected<U, std::string> read) {
    if (!read) return std::unexpected(read.error());
    place = static_cast<T>(*std::move(read));
    return {};
}

Read read_texts(const json::Value& value, std::vector<std::string>& texts) {
    auto list = value.as<json::List>();
    if (!list) return std::unexpected("not a list");
    for (const auto& item : *list) {
        auto text = json::get<std::string>(item, "a list of texts");
        if (!text) return std::unexpected(text.error());
        texts.push_back(*std::move(text));
    }
    return {};
}

Read read_asked(const json::Value& value, std::vector<Topic>& asked) {
    std::vector<std::string> names;
    if (auto done = read_texts(value, names); !done) return done;
    for (const auto& name : names) {
        if (name != "hours" && name != "treatments") return std::unexpected(json::quote(name) + " is no topic");
        asked.push_back(name == "hours" ? Topic::hours : Topic::treatments);
    }
    return {};
}

Read read_field(std::string_view name, const json::Value& value, Memory& memory) {
    constexpr auto max = std::numeric_limits<std::uint32_t>::max();
    if (name == "messages") return put(memory.messages, json::whole(value, 0, max));
    if (name == "greeted") return put(memory.greeted, json::get<bool>(value, "true or false"));
    if (name == "agent-spoke") return put(memory.agent_spoke, json::get<bool>(value, "true or false"));
    if (name == "misunderstood") return put(memory.misunderstood, json::whole(value, 0, max));
    if (name == "asked") return read_asked(value, memory.asked);
    if (name == "offered") return put(memory.offered, json::get<bool>(value, "true or false"));
    if (name == "chosen" && value.is_null()) return {};
    if (name == "chosen") return put(memory.chosen, json::get<std::string>(value, "a text"));
    if (name == "last-words") return read_texts(value, memory.last_words);
    // A later version may have remembered more.
    return {};
}

/// Puts texts between commas.
std::string join(const std::vector<std::string>& texts) {
    std::string joined;
    for (const auto& text : texts) joined += (joined.empty() ? "" : ",") + text;
    return joined;
}

std::string flag(bool set) { return set ? "true" : "false"; }

} // namespace

std::expected<Memory, std::string> Memory::read(std::string_view state) {
    auto value = json::read(state);
    if (!value) return std::unexpected(value.error());
    auto object = value->as<json::Object>();
    if (!object) return std::unexpected("not an object");
    Memory memory;
    for (const auto& [name, field] : *object) {
        if (auto done = read_field(name, field, memory); !done) return std::unexpected(name + ": " + done.error());
    }
    return memory;
}

std::string Memory::write() const {
    std::vector<std::string> topics, words;
    for (auto topic : asked) topics.emplace_back(topic == Topic::hours ? "\"hours\"" : "\"treatments\"");
    for (const auto& text : last_words) words.push_back(json::quote(text));
    return "{"
           + join({
               "\"messages\":" + std::to_string(messages),
               "\"greeted\":" + flag(greeted),
               "\"agent-spoke\":" + flag(agent_spoke),
               "\"misunderstood\":" + std::to_string(misunderstood),
               "\"asked\":[" + join(topics) + "]",
               "\"offered\":" + flag(offered),
               "\"chosen\":" + (chosen ? json::quote(*chosen) : "null"),
               "\"last-words\":[" + join(words) + "]",
           })
           + "}";
}

void Memory::count(std::string_view words) {
    if (messages < std::numeric_limits<std::uint32_t>::max()) messages++;
    words = text::trim(words);
    if (words.empty()) return;
    last_words.emplace_back(text::start(words, words_long));
    auto too_many = std::max(last_words.size(), words_kept) - words_kept;
    last_words.erase(last_words.begin(), last_words.begin() + static_cast<std::ptrdiff_t>(too_many));
}

void Memory::ask(Topic topic) {
    if (std::ranges::find(asked, topic) == asked.end()) asked.push_back(topic);
}

void Memory::meet_agent() {
    agent_spoke = true;
    greeted = true;
}

std::string Memory::summary() const {
    auto summary = std::to_string(messages) + (messages == 1 ? " message" : " messages");
    for (std::size_t i = 0; i < asked.size(); i++) {
        summary += i == 0 ? ", asked about " : " and ";
        summary += asked[i] == Topic::hours ? "opening hours" : "treatments";
    }
    if (chosen) summary += ", chose " + *chosen;
    if (agent_spoke) summary += ", has talked to an agent before";
    for (std::size_t i = 0; i < last_words.size(); i++) {
        summary += (i == 0 ? ". Last words: “" : " “") + last_words[i] + "”";
    }
    return summary;
}

} // namespace concierge
