//! What the bot gets and gives, in Zig's own types. This is as much of the contract as the concierge uses; `border.zig`
//! translates between these types and the bindings that are made of `wit/`.

/// What a turn depends on besides the event.
pub const Context = struct {
    /// The bot's own id on the platform.
    bot_id: []const u8,
    /// Whether this bot holds the conversation and so may answer the customer.
    may_speak: bool,
    /// What the last turn of this conversation stored.
    state: ?[]const u8,
    /// The bot's configuration, a JSON object.
    config: []const u8,
    /// The time of the turn, in milliseconds since 1970-01-01 UTC.
    now_ms: u64,
    /// The extra `refused`: a JSON list of the actions that the host would refuse where the conversation happens.
    refused: ?[]const u8,
};

/// A message of a customer.
pub const Message = struct {
    /// The text. Some networks deliver a message without any.
    text: ?[]const u8 = null,
    /// The name to show, where the network gives one.
    full_name: ?[]const u8 = null,
    /// The payload of the button that was pressed; of the last one, if there were several.
    pressed: ?[]const u8 = null,
    /// The answer to a list picker, JSON of a shape that the platform does not document.
    list_response: ?[]const u8 = null,
};

/// A change of a conversation.
pub const Update = union(enum) {
    created,
    closed,
    agent_response,
    owner_changed: Owner,
    /// Something that this version has no case for, by the platform's name.
    other: []const u8,
};

/// Who holds a conversation.
pub const Owner = union(enum) {
    agent,
    /// The bot of this id.
    bot: []const u8,
};

/// What comes out of a turn.
pub const Outcome = struct {
    actions: []const Action = &.{},
    state: StateChange,
};

/// What to remember of a conversation.
pub const StateChange = union(enum) {
    keep,
    set: []const u8,
    clear,
};

/// One thing to do.
pub const Action = union(enum) {
    respond: Response,
    typing_start,
    typing_stop,
    /// With a comment that agents see.
    hand_off: []const u8,
    tag: []const u8,
    note: []const u8,
};

/// Something to say.
pub const Response = struct {
    text: []const u8,
    buttons: []const Button = &.{},
    list: ?List = null,
};

/// A button that sends its payload when it is pressed.
pub const Button = struct {
    text: []const u8,
    payload: []const u8,
};

/// A list to pick from.
pub const List = struct {
    request: Bubble,
    response: Bubble,
    id: []const u8,
    title: []const u8,
    choices: []const Choice,
};

/// What stands around a list, before and after the choice.
pub const Bubble = struct {
    title: []const u8,
    subtitle: []const u8,
};

/// Something to pick.
pub const Choice = struct {
    id: []const u8,
    title: []const u8,
    subtitle: ?[]const u8,
};

/// How much a line in the log matters.
pub const Level = enum { debug, info, warn, @"error" };
