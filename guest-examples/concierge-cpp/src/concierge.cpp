// A concierge: greets new customers, tells opening hours, offers treatments and hands over to people.
#include "concierge.hpp"

#include "answer.hpp"
#include "json.hpp"
#include "memory.hpp"
#include "settings.hpp"
#include "text.hpp"
#include "understand.hpp"

namespace concierge {

namespace {

/// Reads the conversation's memory. One that cannot be read will not get better by trying again, so the bot gives up,
/// and the host calls an agent.
std::expected<Memory, std::string> recall(const Context& context) {
    if (!context.state) return Memory();
    auto memory = Memory::read(*context.state);
    if (memory) return memory;
    return std::unexpected("the conversation's state is not one of concierge's: " + memory.error());
}

/// Whether the host would refuse this action where the conversation happens: it says so in the context's `refused`.
bool refuses(const Context& context, std::string_view action) {
    auto value = json::read(context.refused);
    auto names = value ? value->as<json::List>() : nullptr;
    if (!names) return false;
    bool found = false;
    for (const auto& item : *names) {
        auto name = item.as<std::string>();
        if (!name) return false;
        found = found || *name == action;
    }
    return found;
}

/// The name to greet somebody by. Some networks invent one ("Anonymous Stork 1afc-9b12"), which is worse than none.
std::string_view first_name(std::string_view full_name) {
    auto name = text::first_word(text::trim(full_name));
    return name == "Anonymous" ? std::string_view() : name;
}

/// What an update does to the memory, and the line for the log. Those that leave the memory alone are no overload of
/// this.
struct Remember {
    const Context& context;
    Memory& memory;

    std::string operator()(const AgentResponse&) const {
        memory.meet_agent();
        return "an agent answered";
    }

    std::string operator()(const OwnerChanged& change) const {
        auto bot = std::get_if<Bot>(&change.owner);
        if (!bot) {
            memory.meet_agent();
            return "an agent has the conversation now";
        }
        if (bot->id != context.bot_id) return "another bot has the conversation now";
        memory.misunderstood = 0;
        return "the conversation is mine again";
    }
};

template <typename T> std::expected<Turn, std::string> remember(const Context& context, const T& update) {
    auto memory = recall(context);
    if (!memory) return std::unexpected(memory.error());
    auto line = Remember{context, *memory}(update);
    return Turn{{{}, memory->write()}, line};
}

} // namespace

std::expected<Turn, std::string> on_message(const Context& context, const Message& message) {
    auto [settings, complaint] = Settings::read(context.config);
    auto memory = recall(context);
    if (!memory) return std::unexpected(memory.error());
    memory->count(message.text);

    auto intent = understand(message, settings.treatments, memory->offered);
    std::vector<Action> actions;
    // While an agent has the conversation, listening is fine and answering would be refused.
    if (context.may_speak) {
        auto has_people = !refuses(context, "hand-off");
        actions = answer(intent, {settings, first_name(message.full_name), has_people, context.now_ms}, *memory);
    }

    auto line = "message " + std::to_string(memory->messages) + ", " + intent.in_words() + ", "
                + std::to_string(actions.size()) + " actions" + (complaint ? "; " + *complaint : "");
    return Turn{{std::move(actions), memory->write()}, line, complaint.has_value()};
}

std::expected<Turn, std::string> on_update(const Context& context, const Update& update) {
    if (auto change = std::get_if<AgentResponse>(&update)) return remember(context, *change);
    if (auto change = std::get_if<OwnerChanged>(&update)) return remember(context, *change);
    // A platform may tell more than this bot knows of; that is no reason to fail.
    if (auto other = std::get_if<OtherUpdate>(&update)) {
        return Turn{{{}, Keep()}, std::string(other->kind) + " means nothing to me"};
    }
    // These two do not look at the old memory, so they also heal one that cannot be read.
    if (std::holds_alternative<Closed>(update)) return Turn{{{}, Clear()}, "the conversation ended"};
    return Turn{{{}, Memory().write()}, "a new conversation"};
}

} // namespace concierge
