// How the operator configured this bot: the registration's `metadata` object. Everything has a default.
#include "settings.h"

#include "json.h"

static const treatment_t default_treatments[] = {
    {TEXT("hot-stone"), TEXT("Hot stone massage"), TEXT("60 minutes 🪨")},
    {TEXT("forest-bath"), TEXT("Forest bath"), TEXT("45 minutes 🌲")},
    {TEXT("tea-ritual"), TEXT("Tea ritual"), TEXT("30 minutes 🍵")},
};

static settings_t defaults(void) {
    settings_t settings = {.house = T("Lantern House"), .hours = hours_default()};
    settings.treatments_count = sizeof default_treatments / sizeof *default_treatments;
    for (size_t i = 0; i < settings.treatments_count; i++) settings.treatments[i] = default_treatments[i];
    return settings;
}

/// Reads `tea-ritual = Tea ritual, 30 minutes 🍵`. The host refuses a choice without an id or a title, and with it the
/// whole answer, so both must be there.
static bool read_treatment(text_t entry, treatment_t *treatment) {
    text_t id, words, title, subtitle;
    text_cut(entry, '=', &id, &words);
    text_cut(words, ',', &title, &subtitle);
    *treatment = (treatment_t){text_trim(id), text_trim(title), text_trim(subtitle)};
    return treatment->id.bytes > 0 && treatment->title.bytes > 0;
}

static bool read_treatments(arena_t *arena, const json_t *value, settings_t *settings, text_t *complaint) {
    if (value->kind != JSON_TEXT) return complain(complaint, T("the treatments are not a text"));
    settings->treatments_count = 0;
    text_t rest = value->text;
    while (rest.bytes > 0 && settings->treatments_count < TREATMENTS_MAX) {
        text_t entry;
        text_cut(rest, ';', &entry, &rest);
        entry = text_trim(entry);
        if (entry.bytes == 0) continue;
        if (!read_treatment(entry, &settings->treatments[settings->treatments_count])) {
            text_t quoted = json_quote(arena, entry);
            text_t rule = T(" is not a treatment such as `tea-ritual = Tea ritual, 30 minutes`");
            return complain(complaint, text_join(arena, quoted, rule));
        }
        settings->treatments_count++;
    }
    return true;
}

static bool read_house(const json_t *value, text_t *house) {
    *house = value->text;
    return value->kind == JSON_TEXT;
}

static bool read_tag(const json_t *value, tag_t *tag) {
    tag->is_set = value->kind == JSON_NUMBER;
    return value->kind == JSON_NULL || json_whole(value, 0, INT64_MAX, &tag->id);
}

/// Reads one setting; false with a complaint, or without one when the value is simply of the wrong kind.
static bool read_field(arena_t *arena, const json_t *field, settings_t *settings, text_t *complaint) {
    if (text_equal(field->name, T("house"))) return read_house(field, &settings->house);
    if (text_equal(field->name, T("hours"))) return hours_read(arena, field, &settings->hours, complaint);
    if (text_equal(field->name, T("utc-offset-minutes"))) {
        return json_whole(field, INT64_MIN, INT64_MAX, &settings->utc_offset_minutes);
    }
    if (text_equal(field->name, T("treatments"))) return read_treatments(arena, field, settings, complaint);
    if (text_equal(field->name, T("tag-person"))) return read_tag(field, &settings->tag_person);
    if (text_equal(field->name, T("tag-booking"))) return read_tag(field, &settings->tag_booking);
    return true;
}

static bool read_settings(arena_t *arena, text_t config, settings_t *settings, text_t *complaint) {
    const json_t *object = json_read(arena, config, complaint);
    if (object == NULL) return false;
    if (object->kind != JSON_OBJECT) return complain(complaint, T("not an object"));
    for (const json_t *field = object->first; field != NULL; field = field->next) {
        if (read_field(arena, field, settings, complaint)) continue;
        if (complaint->bytes > 0) return false;
        return complain(complaint, text_join(arena, json_quote(arena, field->name), T(" is of the wrong kind")));
    }
    return true;
}

text_t settings_read(arena_t *arena, text_t config, settings_t *settings) {
    text_t complaint = T("");
    *settings = defaults();
    if (read_settings(arena, config, settings, &complaint)) return T("");
    *settings = defaults();
    return text_join(arena, T("the configuration is not used: "), complaint);
}
