package concierge

import "strconv"

// patience is how many messages in a row may be unclear before a person takes over.
const patience = 2

// situation is what an answer depends on besides the memory.
type situation struct {
	settings Settings
	// firstName is the customer's; empty where it is not known.
	firstName string
	// hasPeople says whether there are people to hand over to.
	hasPeople bool
	// nowMs is the time, in milliseconds since 1970-01-01 UTC.
	nowMs uint64
}

// answer decides what to do, and remembers it.
func (s situation) answer(intent Intent, memory *Memory) []Action {
	if intent.Wish == wishUnclear {
		memory.Misunderstood++
	} else {
		memory.Misunderstood = 0
	}
	impatient := memory.Misunderstood >= patience
	// A slip after the list does not take the list away: "2" still works on the next try.
	if intent.Wish != wishUnclear || impatient {
		memory.Offered = false
	}
	hello := s.greeting(memory)
	switch intent.Wish {
	case wishHello:
		return []Action{offer(or(hello, "Hello again! ") + "How can I help?")}
	case wishHours:
		return s.tellHours(hello, memory)
	case wishTreatments:
		return s.showTreatments(hello, memory)
	case wishChoose:
		return s.choose(intent.Treatment, hello, memory)
	case wishPerson:
		return s.handOff("the customer asks for a person", hello, memory)
	case wishThanks:
		return []Action{Respond{Text: hello + "With pleasure! 🌸"}}
	}
	if impatient {
		return s.handOff("the bot does not understand the customer", hello, memory)
	}
	sorry := or(hello, "Sorry, I did not understand that. ")
	return []Action{offer(sorry + "I know our opening hours and our treatments, or I call a person.")}
}

// greeting greets the first time; later it is empty.
func (s situation) greeting(memory *Memory) string {
	if memory.Greeted {
		return ""
	}
	memory.Greeted = true
	greeting := "Welcome to " + s.settings.House
	if s.firstName != "" {
		greeting += ", " + s.firstName
	}
	return greeting + "! 👋 "
}

func (s situation) tellHours(hello string, memory *Memory) []Action {
	memory.ask(TopicHours)
	now := "closed 🌙"
	if s.settings.Hours.OpenAt(s.nowMs, s.settings.UTCOffsetMinutes) {
		now = "open 🟢"
	}
	return typed(Respond{Text: hello + "We are " + now + " right now. Our hours: " + s.settings.Hours.String() + "."})
}

// showTreatments shows a list picker. Where the network has none the host shows a numbered list with buttons in its
// place.
func (s situation) showTreatments(hello string, memory *Memory) []Action {
	if len(s.settings.Treatments) == 0 {
		return []Action{offer(hello + "There is nothing to book right now.")}
	}
	memory.ask(TopicTreatments)
	memory.Offered = true
	list := List{
		Request:  Bubble{"Our treatments", "Tap to choose"},
		Response: Bubble{"Your choice", "Thank you"},
		ID:       "treatments",
		Title:    "Treatments",
	}
	for _, treatment := range s.settings.Treatments {
		list.Choices = append(list.Choices, Choice(treatment))
	}
	return typed(Respond{Text: hello + "What would you like?", List: &list})
}

func (s situation) choose(treatment Treatment, hello string, memory *Memory) []Action {
	memory.Chosen = &treatment.Title
	actions := []Action{
		offer(hello + treatment.Title + ": a lovely choice. We have noted it. Anything else?"),
		Note{"Wants to book: " + treatment.Title},
	}
	return append(actions, tags(s.settings.TagBooking)...)
}

func (s situation) handOff(why, hello string, memory *Memory) []Action {
	memory.Misunderstood = 0
	if !s.hasPeople {
		sorry := "I cannot call a colleague from here. I know our opening hours and our treatments."
		return []Action{offer(hello + sorry)}
	}
	// The farewell comes first: after the hand-off the conversation is no longer ours to speak in.
	actions := []Action{Respond{Text: hello + "One moment, I call a colleague. 🛎️"}}
	actions = append(actions, tags(s.settings.TagPerson)...)
	comment := "Because " + why + ". " + or(s.firstName, "The customer") + ": " + memory.summary()
	return append(actions, HandOff{comment})
}

// offer is a text with a button for each thing that the bot knows.
func offer(text string) Action {
	return Respond{Text: text, Buttons: []Button{
		{"Opening hours", string(wishHours)},
		{"Treatments", string(wishTreatments)},
		{"A person", string(wishPerson)},
	}}
}

// typed shows "is writing" around an answer; where the network cannot, the host leaves that out.
func typed(answer Action) []Action { return []Action{TypingStart{}, answer, TypingStop{}} }

// tags puts the operator's tag on the conversation, where there is one.
func tags(id *uint64) []Action {
	if id == nil {
		return nil
	}
	return []Action{Tag{strconv.FormatUint(*id, 10)}}
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
