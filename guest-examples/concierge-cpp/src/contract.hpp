// What the bot gets and gives, in C++'s own types. This is as much of the contract as the concierge uses; border.cpp
// translates between these types and the bindings that are made of wit/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace concierge {

/// What a turn depends on besides the event. Texts are looked at where the host put them, during the call.
struct Context {
    /// The bot's own id on the platform.
    std::string_view bot_id;
    /// Whether this bot holds the conversation and so may answer the customer.
    bool may_speak;
    /// What the last turn of this conversation stored.
    std::optional<std::string_view> state;
    /// The bot's configuration, a JSON object.
    std::string_view config;
    /// The time of the turn, in milliseconds since 1970-01-01 UTC.
    std::uint64_t now_ms;
    /// The extra `refused`: a JSON list of the actions that the host would refuse where the conversation happens.
    std::string_view refused;
};

/// A message of a customer.
struct Message {
    /// The text. Some networks deliver a message without any.
    std::string_view text;
    /// The name to show, where the network gives one.
    std::string_view full_name;
    /// The payload of the button that was pressed; of the last one, if there were several.
    std::optional<std::string_view> pressed;
    /// The answer to a list picker, JSON of a shape that the platform does not document.
    std::optional<std::string_view> list_response;
};

/// Who holds a conversation.
struct Agent {};
struct Bot {
    std::string_view id;
};
using Owner = std::variant<Agent, Bot>;

/// A change of a conversation.
struct Created {};
struct Closed {};
struct AgentResponse {};
struct OwnerChanged {
    Owner owner;
};
/// Something that this version has no case for, by the platform's name.
struct OtherUpdate {
    std::string_view kind;
};
using Update = std::variant<Created, Closed, AgentResponse, OwnerChanged, OtherUpdate>;

/// A button that sends its payload when it is pressed.
struct Button {
    std::string text;
    std::string payload;
};

/// Something to pick.
struct Choice {
    std::string id;
    std::string title;
    /// Empty when there is none.
    std::string subtitle;
};

/// What stands around a list, before and after the choice.
struct Bubble {
    std::string title;
    std::string subtitle;
};

/// A list to pick from.
struct ListPicker {
    Bubble request;
    Bubble response;
    std::string id;
    std::string title;
    std::vector<Choice> choices;
};

/// One thing to do: say something ...
struct Respond {
    std::string text;
    std::vector<Button> buttons = {};
    std::optional<ListPicker> list = {};
};
/// ... show that an answer is being written, or end that ...
struct TypingStart {};
struct TypingStop {};
/// ... give the conversation to a human agent, with a comment that agents see ...
struct HandOff {
    std::string comment;
};
/// ... put a tag on the conversation ...
struct Tag {
    std::string id;
};
/// ... or write a note that only agents see.
struct Note {
    std::string text;
};
using Action = std::variant<Respond, TypingStart, TypingStop, HandOff, Tag, Note>;

/// What to remember of a conversation: what was stored, this text, or nothing.
struct Keep {};
struct Clear {};
using StateChange = std::variant<Keep, std::string, Clear>;

/// What comes out of a turn.
struct Outcome {
    std::vector<Action> actions;
    StateChange state;
};

} // namespace concierge
