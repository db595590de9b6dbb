// What the bot remembers of a conversation: JSON in the state that the host keeps between turns.
#include "memory.h"

#include "json.h"

/// How the state names a topic, and how people do.
static const struct {
    text_t name;
    text_t words;
} topics[TOPICS] = {
    [TOPIC_HOURS] = {TEXT("hours"), TEXT("opening hours")},
    [TOPIC_TREATMENTS] = {TEXT("treatments"), TEXT("treatments")},
};

static bool read_count(const json_t *value, uint32_t *count) {
    int64_t number;
    if (!json_whole(value, 0, UINT32_MAX, &number)) return false;
    *count = (uint32_t)number;
    return true;
}

static bool read_flag(const json_t *value, bool *flag) {
    *flag = value->kind == JSON_TRUE;
    return *flag || value->kind == JSON_FALSE;
}

static bool read_chosen(const json_t *value, text_t *chosen) {
    *chosen = value->text;
    return value->kind == JSON_TEXT || value->kind == JSON_NULL;
}

static bool read_asked(const json_t *value, memory_t *memory) {
    if (value->kind != JSON_LIST) return false;
    for (const json_t *item = value->first; item != NULL; item = item->next) {
        size_t topic = 0;
        if (item->kind != JSON_TEXT) return false;
        while (topic < TOPICS && !text_equal(item->text, topics[topic].name)) topic++;
        if (topic == TOPICS) return false;
        memory_ask(memory, (topic_t)topic);
    }
    return true;
}

static void keep_words(memory_t *memory, text_t words) {
    if (memory->last_words_count == WORDS_KEPT) {
        for (size_t i = 1; i < WORDS_KEPT; i++) memory->last_words[i - 1] = memory->last_words[i];
        memory->last_words_count--;
    }
    memory->last_words[memory->last_words_count++] = words;
}

static bool read_last_words(const json_t *value, memory_t *memory) {
    if (value->kind != JSON_LIST) return false;
    for (const json_t *item = value->first; item != NULL; item = item->next) {
        if (item->kind != JSON_TEXT) return false;
        keep_words(memory, item->text);
    }
    return true;
}

static bool read_field(const json_t *field, memory_t *memory) {
    if (text_equal(field->name, T("messages"))) return read_count(field, &memory->messages);
    if (text_equal(field->name, T("greeted"))) return read_flag(field, &memory->greeted);
    if (text_equal(field->name, T("agent-spoke"))) return read_flag(field, &memory->agent_spoke);
    if (text_equal(field->name, T("misunderstood"))) return read_count(field, &memory->misunderstood);
    if (text_equal(field->name, T("asked"))) return read_asked(field, memory);
    if (text_equal(field->name, T("offered"))) return read_flag(field, &memory->offered);
    if (text_equal(field->name, T("chosen"))) return read_chosen(field, &memory->chosen);
    if (text_equal(field->name, T("last-words"))) return read_last_words(field, memory);
    // A later version may have remembered more.
    return true;
}

bool memory_read(arena_t *arena, text_t state, memory_t *memory, text_t *complaint) {
    *memory = (memory_t){0};
    const json_t *object = json_read(arena, state, complaint);
    if (object == NULL) return false;
    if (object->kind != JSON_OBJECT) return complain(complaint, T("not an object"));
    for (const json_t *field = object->first; field != NULL; field = field->next) {
        if (read_field(field, memory)) continue;
        return complain(complaint, text_join(arena, json_quote(arena, field->name), T(" is of the wrong kind")));
    }
    return true;
}

static text_t flag(bool set) { return set ? T("true") : T("false"); }

static text_t write_asked(arena_t *arena, const memory_t *memory) {
    text_t list = T("[");
    for (size_t i = 0; i < memory->asked_count; i++) {
        list = text_join(arena, list, i == 0 ? T("") : T(","), json_quote(arena, topics[memory->asked[i]].name));
    }
    return text_join(arena, list, T("]"));
}

static text_t write_last_words(arena_t *arena, const memory_t *memory) {
    text_t list = T("[");
    for (size_t i = 0; i < memory->last_words_count; i++) {
        list = text_join(arena, list, i == 0 ? T("") : T(","), json_quote(arena, memory->last_words[i]));
    }
    return text_join(arena, list, T("]"));
}

text_t memory_write(arena_t *arena, const memory_t *memory) {
    const struct {
        text_t name;
        text_t value;
    } fields[] = {
        {TEXT("messages"), text_from_number(arena, memory->messages)},
        {TEXT("greeted"), flag(memory->greeted)},
        {TEXT("agent-spoke"), flag(memory->agent_spoke)},
        {TEXT("misunderstood"), text_from_number(arena, memory->misunderstood)},
        {TEXT("asked"), write_asked(arena, memory)},
        {TEXT("offered"), flag(memory->offered)},
        {TEXT("chosen"), memory->chosen.at == NULL ? T("null") : json_quote(arena, memory->chosen)},
        {TEXT("last-words"), write_last_words(arena, memory)},
    };
    text_t object = T("");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        object = text_join(arena, object, i == 0 ? T("{\"") : T(",\""), fields[i].name, T("\":"), fields[i].value);
    }
    return text_join(arena, object, T("}"));
}

void memory_count(memory_t *memory, text_t words) {
    if (memory->messages < UINT32_MAX) memory->messages++;
    words = text_trim(words);
    if (words.bytes > 0) keep_words(memory, text_start(words, WORDS_LONG));
}

void memory_ask(memory_t *memory, topic_t topic) {
    for (size_t i = 0; i < memory->asked_count; i++) {
        if (memory->asked[i] == topic) return;
    }
    memory->asked[memory->asked_count++] = topic;
}

void memory_meet_agent(memory_t *memory) {
    memory->agent_spoke = true;
    memory->greeted = true;
}

text_t memory_summary(arena_t *arena, const memory_t *memory) {
    text_t count = text_from_number(arena, memory->messages);
    text_t summary = text_join(arena, count, memory->messages == 1 ? T(" message") : T(" messages"));
    for (size_t i = 0; i < memory->asked_count; i++) {
        summary = text_join(arena, summary, i == 0 ? T(", asked about ") : T(" and "), topics[memory->asked[i]].words);
    }
    if (memory->chosen.at != NULL) summary = text_join(arena, summary, T(", chose "), memory->chosen);
    if (memory->agent_spoke) summary = text_join(arena, summary, T(", has talked to an agent before"));
    for (size_t i = 0; i < memory->last_words_count; i++) {
        summary = text_join(arena, summary, i == 0 ? T(". Last words: “") : T(" “"), memory->last_words[i], T("”"));
    }
    return summary;
}
