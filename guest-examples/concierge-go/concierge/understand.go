package concierge

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Wish is what a message can ask for. It is also what a button for it sends back when it is pressed.
type Wish string

const (
	wishHello      Wish = "hello"      // a greeting and nothing more
	wishHours      Wish = "hours"      // when the house is open
	wishTreatments Wish = "treatments" // what can be booked
	wishChoose     Wish = "choose"     // one of the treatments
	wishPerson     Wish = "person"     // a human being
	wishThanks     Wish = "thanks"     // no more than thanks
	wishUnclear    Wish = "unclear"    // nothing that this bot knows
)

// Intent is a wish, and for wishChoose which treatment.
type Intent struct {
	Wish      Wish
	Treatment Treatment
}

// String gives the intent as it stands in the log.
func (i Intent) String() string {
	if i.Wish == wishChoose {
		return "choose " + i.Treatment.ID
	}
	return string(i.Wish)
}

// phrases are words for each wish, in lower case. The first that occurs wins, so that "Hello, can I talk to a person?" asks for a
// person.
var phrases = []struct {
	wish    Wish
	phrases []string
}{
	{wishPerson, []string{
		"human", "person", "agent", "someone", "somebody", "operator", "representative", "staff", "colleague", "reception",
		"talk to", "speak to", "speak with", "call me", "not a bot", "real people",
	}},
	{wishHours, []string{"hours", "open", "opening", "close", "closed", "closing", "when can i come"}},
	{wishTreatments, []string{
		"treatment", "treatments", "massage", "spa", "book", "booking", "menu", "offer", "appointment", "reserve",
	}},
	{wishThanks, []string{"thanks", "thank you", "thx", "cheers", "🙏"}},
	{wishHello, []string{"hello", "hi", "hey", "good morning", "good afternoon", "good evening", "👋"}},
}

// understand says what a message asks for. Offered says whether the treatments were the last thing shown, so that
// "2" means one of them. A pressed button says it exactly, a list's answer nearly so, and words must be guessed
// from.
func understand(message Message, treatments Treatments, offered bool) Intent {
	switch {
	case message.Pressed != nil:
		return fromPayload(*message.Pressed, treatments)
	case message.ListResponse != nil:
		return fromList(*message.ListResponse, treatments)
	default:
		return fromText(message.Text, treatments, offered)
	}
}

// fromPayload says what a pressed button means. A payload that is no word of ours is the id of a treatment: the host
// sends it for a list's choice where the network has no lists. The button may be older than the list of treatments.
func fromPayload(payload string, treatments Treatments) Intent {
	switch wish := Wish(payload); wish {
	case wishHello, wishHours, wishTreatments, wishPerson, wishThanks, wishUnclear:
		return Intent{Wish: wish}
	}
	for _, treatment := range treatments {
		if treatment.ID == payload {
			return Intent{wishChoose, treatment}
		}
	}
	return Intent{Wish: wishUnclear}
}

// fromList finds the treatment that a list picker's answer names. Its shape is not documented, so any text in it
// that is an id of ours counts, as long as there is exactly one.
func fromList(response string, treatments Treatments) Intent {
	intent := Intent{Wish: wishUnclear}
	var value any
	if read(response, &value) != nil {
		return intent
	}
	for _, treatment := range treatments {
		if !mentions(value, treatment.ID) {
			continue
		}
		if intent.Wish == wishChoose {
			return Intent{Wish: wishUnclear}
		}
		intent = Intent{wishChoose, treatment}
	}
	return intent
}

func mentions(value any, id string) bool {
	switch value := value.(type) {
	case string:
		return value == id
	case []any:
		return slices.ContainsFunc(value, func(item any) bool { return mentions(item, id) })
	case map[string]any:
		for _, field := range value {
			if mentions(field, id) {
				return true
			}
		}
	}
	return false
}

func fromText(text string, treatments Treatments, offered bool) Intent {
	words := wordsOf(text)
	if number, err := strconv.Atoi(strings.TrimSpace(words)); offered && err == nil {
		if number >= 1 && number <= len(treatments) {
			return Intent{wishChoose, treatments[number-1]}
		}
		return Intent{Wish: wishUnclear}
	}
	for _, treatment := range treatments {
		// A title without a single letter is in nothing.
		if title := wordsOf(treatment.Title); title != " " && strings.Contains(words, title) {
			return Intent{wishChoose, treatment}
		}
	}
	for _, entry := range phrases {
		if slices.ContainsFunc(entry.phrases, func(phrase string) bool { return says(words, phrase) }) {
			return Intent{Wish: entry.wish}
		}
	}
	return Intent{Wish: wishUnclear}
}

// says reports whether words holds this phrase, whole words of it.
func says(words, phrase string) bool {
	return strings.Contains(words, " "+phrase+" ")
}

// wordsOf gives the text in lower case, each word between single spaces, so that "hi" is not found in "this".
func wordsOf(text string) string {
	words := " "
	for word := range strings.FieldsFuncSeq(text, isBetweenWords) {
		words += strings.ToLower(word) + " "
	}
	return words
}

func isBetweenWords(character rune) bool {
	isPunctuation := strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", character)
	return isPunctuation || unicode.IsSpace(character)
}
