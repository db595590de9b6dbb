// What the bot does about what the customer wants.
#include "answer.h"

#include "hours.h"
#include "say.h"

/// How many messages in a row may be unclear before a person takes over.
enum { PATIENCE = 2 };

/// What the parts of an answer have in common.
typedef struct {
    arena_t *arena;
    const situation_t *situation;
    memory_t *memory;
    actions_t *actions;
    /// The greeting; empty unless this is the first answer.
    text_t hello;
} turn_t;

static text_t greeting(arena_t *arena, const situation_t *situation, memory_t *memory) {
    if (memory->greeted) return T("");
    memory->greeted = true;
    text_t name = situation->first_name, comma = name.bytes > 0 ? T(", ") : T("");
    return text_join(arena, T("Welcome to "), situation->settings->house, comma, name, T("! 👋 "));
}

static void offer(turn_t *turn, text_t hello, text_t words) {
    static const choice_t choices[] = {
        {TEXT("Opening hours"), HOURS}, {TEXT("Treatments"), TREATMENTS}, {TEXT("A person"), PERSON}};
    say_with_buttons(turn->actions, text_join(turn->arena, hello, words), choices, sizeof choices / sizeof *choices);
}

static void greet(turn_t *turn) {
    offer(turn, turn->hello.bytes > 0 ? turn->hello : T("Hello again! "), T("How can I help?"));
}

static void tell_hours(turn_t *turn) {
    const settings_t *settings = turn->situation->settings;
    bool open = hours_open_at(&settings->hours, turn->situation->now_ms, settings->utc_offset_minutes);
    text_t now = open ? T("open 🟢") : T("closed 🌙"), week = hours_in_words(turn->arena, &settings->hours);
    text_t words = text_join(turn->arena, turn->hello, T("We are "), now, T(" right now. Our hours: "), week, T("."));
    memory_ask(turn->memory, TOPIC_HOURS);
    say_typing_start(turn->actions);
    say_text(turn->actions, words);
    say_typing_stop(turn->actions);
}

static void show_treatments(turn_t *turn) {
    const settings_t *settings = turn->situation->settings;
    if (settings->treatments_count == 0) {
        offer(turn, turn->hello, T("There is nothing to book right now."));
        return;
    }
    memory_ask(turn->memory, TOPIC_TREATMENTS);
    turn->memory->offered = true;
    say_typing_start(turn->actions);
    say_treatments(turn->actions, text_join(turn->arena, turn->hello, T("What would you like?")), settings);
    say_typing_stop(turn->actions);
}

/// Puts the operator's tag on the conversation, where there is one.
static void put_tag(turn_t *turn, tag_t tag) {
    if (tag.is_set) say_tag(turn->actions, text_from_number(turn->arena, (uint64_t)tag.id));
}

static void choose(turn_t *turn, const treatment_t *treatment) {
    turn->memory->chosen = treatment->title;
    text_t thanks = text_join(turn->arena, treatment->title, T(": a lovely choice. We have noted it. Anything else?"));
    offer(turn, turn->hello, thanks);
    say_note(turn->actions, text_join(turn->arena, T("Wants to book: "), treatment->title));
    put_tag(turn, turn->situation->settings->tag_booking);
}

static void hand_off(turn_t *turn, text_t why) {
    turn->memory->misunderstood = 0;
    if (!turn->situation->has_people) {
        text_t sorry = T("I cannot call a colleague from here. I know our opening hours and our treatments.");
        offer(turn, turn->hello, sorry);
        return;
    }
    text_t name = turn->situation->first_name, who = name.bytes > 0 ? name : T("The customer");
    text_t summary = memory_summary(turn->arena, turn->memory);
    // The farewell comes first: after the hand-off the conversation is no longer ours to speak in.
    say_text(turn->actions, text_join(turn->arena, turn->hello, T("One moment, I call a colleague. 🛎️")));
    put_tag(turn, turn->situation->settings->tag_person);
    say_hand_off(turn->actions, text_join(turn->arena, T("Because "), why, T(". "), who, T(": "), summary));
}

static void ask_again(turn_t *turn) {
    text_t sorry = turn->hello.bytes > 0 ? turn->hello : T("Sorry, I did not understand that. ");
    offer(turn, sorry, T("I know our opening hours and our treatments, or I call a person."));
}

void answer(arena_t *arena, intent_t intent, const situation_t *situation, memory_t *memory, actions_t *actions) {
    memory->misunderstood = intent.wish == UNCLEAR ? memory->misunderstood + 1 : 0;
    bool impatient = memory->misunderstood >= PATIENCE;
    // A slip after the list does not take the list away: "2" still works on the next try.
    if (intent.wish != UNCLEAR || impatient) memory->offered = false;
    turn_t turn = {arena, situation, memory, actions, greeting(arena, situation, memory)};
    switch (intent.wish) {
    case HELLO: greet(&turn); break;
    case HOURS: tell_hours(&turn); break;
    case TREATMENTS: show_treatments(&turn); break;
    case CHOOSE: choose(&turn, intent.treatment); break;
    case PERSON: hand_off(&turn, T("the customer asks for a person")); break;
    case THANKS: say_text(actions, text_join(arena, turn.hello, T("With pleasure! 🌸"))); break;
    case UNCLEAR:
        if (impatient) hand_off(&turn, T("the bot does not understand the customer"));
        else ask_again(&turn);
        break;
    }
}
