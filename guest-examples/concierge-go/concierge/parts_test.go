package concierge

import (
	"math"
	"strings"
	"testing"
)

func TestWeekBeginsOnTheRightDay(t *testing.T) {
	const noon, day = 12 * 3_600_000, 24 * 3_600_000
	var late Hours
	if err := read(`{"wed": "22:00-24:00"}`, &late); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		when   string
		hours  Hours
		nowMs  uint64
		offset int64
		open   bool
	}{
		{"Thursday at noon", defaultHours(), noon, 0, true},
		{"Saturday at noon", defaultHours(), noon + 2*day, 0, true},
		{"Sunday at noon", defaultHours(), noon + 3*day, 0, false},
		{"Thursday at midnight", defaultHours(), 0, 0, false},
		{"the last minute", defaultHours(), (18*60 - 1) * 60_000, 0, true},
		{"the next minute", defaultHours(), 18 * 60 * 60_000, 0, false},
		{"Wednesday 23:00 an hour further west", late, 0, -60, true},
		{"Thursday 01:00 an hour further east", late, 0, 60, false},
		{"nonsense in, an answer out", late, math.MaxUint64, math.MaxInt64, false},
		{"nonsense the other way", defaultHours(), 0, math.MinInt64, false},
	} {
		if test.hours.OpenAt(test.nowMs, test.offset) != test.open {
			t.Error(test.when)
		}
	}
}

func TestHoursInWords(t *testing.T) {
	for json, want := range map[string]string{
		`"mon-fri 09:00-18:00, sat 10:00-16:00"`:         "mon-fri 09:00-18:00, sat 10:00-16:00",
		`"mon 9:0-10:0, wed-thu 9:5-24:0"`:               "mon 09:00-10:00, wed-thu 09:05-24:00",
		`{"mon-tue": "09:00-10:00", "mon": "1:00-2:00"}`: "mon-tue 09:00-10:00",
		`{}`: "closed until further notice",
	} {
		var hours Hours
		if err := read(json, &hours); err != nil {
			t.Error(json, err)
		}
		expect(t, hours.String(), want)
	}
}

func TestWrongHoursAreNamed(t *testing.T) {
	for json, part := range map[string]string{
		`"always"`:                   "always",
		`{"someday": "09:00-18:00"}`: "someday",
		`{"fri-mon": "09:00-18:00"}`: "ends before it begins",
		`{"tue-mon": "09:00-18:00"}`: "ends before it begins",
		`{"mon": "18:00-09:00"}`:     "18:00-09:00",
		`{"mon": "25:00-26:00"}`:     "25:00-26:00",
		`3`:                          "neither a text nor an object",
	} {
		var hours Hours
		if err := read(json, &hours); err == nil || !strings.Contains(err.Error(), part) {
			t.Error(json, err)
		}
	}
}

func TestBrokenConfigurationIsComplainedAboutAndNotUsed(t *testing.T) {
	for _, broken := range []string{
		``, `[]x`, `[]`, `{"hours": {"someday": "9-5"}}`, `{"hours": {"mon": null}}`, `{"tag-person": "vip"}`, `{"tag-person": "7"}`,
		`{"treatments": "Tea"}`, `{"treatments": "=Tea"}`, `{"house": null}`, `{"house": "V", "utc-offset-minutes": 1.5}`,
		`{"house": "V", "house": "W"}`, `{"house": "\ud800"}`, `{"more": ` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`,
	} {
		settings, complaint := readSettings(broken)
		if complaint == nil || settings.House != "Lantern House" {
			t.Error(broken, settings, complaint)
		}
	}
	settings, complaint := readSettings(`{"house": "Villa 🌸", "tag-person": 1001, "tag-booking": null, "House": 1}`)
	if complaint != nil || settings.House != "Villa 🌸" || *settings.TagPerson != 1001 || len(settings.Treatments) != 3 {
		t.Error(settings, complaint)
	}
	settings, _ = readSettings(`{"treatments": "tea = Tea ritual, 30 minutes 🍵; bath = Bath;"}`)
	if settings.Treatments[0] != (Treatment{"tea", "Tea ritual", "30 minutes 🍵"}) || settings.Treatments[1].Subtitle != "" {
		t.Error(settings.Treatments)
	}
}

func TestMemoryIsReadAsItIsWritten(t *testing.T) {
	tea := "Tea \"ritual\" <🍵>"
	memory := Memory{Chosen: &tea}
	memory.count(" a 👩‍👩‍👧 family\n")
	memory.ask(TopicHours)
	memory.ask(TopicHours)
	written := string(memory.write())
	expect(t, written, `{"messages":1,"greeted":false,"agent-spoke":false,"misunderstood":0,"asked":["hours"],`+
		`"offered":false,"chosen":"Tea \"ritual\" <🍵>","last-words":["a 👩‍👩‍👧 family"]}`)
	again, err := recall(&written)
	expect(t, string(again.write()), written)
	for range 99 {
		memory.count(strings.Repeat("🍵", 1000))
	}
	if err != nil || memory.Messages != 100 || len(memory.LastWords) != wordsKept || len(memory.LastWords[2]) != 4*wordsLong {
		t.Error(err, memory)
	}
}

func TestForeignStates(t *testing.T) {
	for _, state := range []string{
		`v1;3`, ``, `3`, `null`, `{"messages":-1}`, `{"messages":"3"}`, `{"messages":4294967296}`, `{"greeted":1}`,
		`{"asked":["weather"]}`, `{"last-words":[1]}`, `{"last-words":null}`, `{"chosen":1}`,
	} {
		if memory, err := recall(&state); err == nil {
			t.Error(state, memory)
		}
	}
}

func TestMeanings(t *testing.T) {
	three := defaultSettings().Treatments
	for _, test := range []struct {
		text    string
		offered bool
		want    string
	}{
		{"I want a human!", false, "person"},
		{"Can I talk to someone?", false, "person"},
		{"Hello, please let me speak with your reception", false, "person"},
		{"CALL ME", false, "person"},
		{"talk\u00a0to", false, "person"},
		{"this", false, "unclear"},
		{"hi there", false, "hello"},
		{"👋", false, "hello"},
		{"", false, "unclear"},
		{"the tea ritual, please", false, "choose tea-ritual"},
		{"2", true, "choose forest-bath"},
		{" 2. ", true, "choose forest-bath"},
		{"0", true, "unclear"},
		{"99999999999999999999", true, "unclear"},
		{"2", false, "unclear"},
	} {
		expect(t, fromText(test.text, three, test.offered).String(), test.want)
	}
	for response, want := range map[string]string{
		`{"sections": [{"choices": [{"id": "hot-stone"}]}]}`: "choose hot-stone",
		`["hot-stone", "tea-ritual"]`:                        "unclear",
		`{"tea-ritual": "something else"}`:                   "unclear",
		`not JSON`:                                           "unclear",
		strings.Repeat("[", 9000) + `"tea-ritual"` + strings.Repeat("]", 9000): "unclear",
	} {
		expect(t, fromList(response, three).String(), want)
	}
	for _, payload := range []string{"hello", "hours", "treatments", "person", "thanks", "unclear"} {
		expect(t, fromPayload(payload, three).String(), payload)
	}
}
