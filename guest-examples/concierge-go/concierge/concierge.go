// Package concierge is a hotel's concierge: it greets new customers, tells opening hours, offers treatments and
// hands over to people.
//
// All of it is plain functions of their arguments, so `go test` runs whole conversations without a host:
//
//	contract.go    what does a bot get, and what does it give?
//	settings.go    how did the operator configure this bot?
//	memory.go      what do we know of this conversation?
//	understand.go  what does the customer want?
//	hours.go       are we open?
//	answer.go      what do we do about it?
//	json.go        what does this JSON say?
package concierge

import (
	"fmt"
	"slices"
	"strings"
)

// OnMessage answers a message. An error means that the bot gives up on this event.
func OnMessage(context Context, message Message) (Turn, error) {
	settings, complaint := readSettings(context.Config)
	memory, err := recall(context.State)
	if err != nil {
		return Turn{}, err
	}
	memory.count(message.Text)

	intent := understand(message, settings.Treatments, memory.Offered)
	var actions []Action
	if context.MaySpeak { // While an agent has the conversation, listening is fine and answering would be refused.
		now := situation{
			settings:  settings,
			firstName: firstName(message.FullName),
			hasPeople: !refuses(context, "hand-off"),
			nowMs:     context.NowMs,
		}
		actions = now.answer(intent, &memory)
	}

	line := fmt.Sprintf("message %d, %v, %d actions", memory.Messages, intent, len(actions))
	if complaint != nil {
		line += "; " + complaint.Error()
	}
	return Turn{Actions: actions, State: memory.write(), Line: line, IsWarning: complaint != nil}, nil
}

// OnUpdate reacts to an update. An error means that the bot gives up on this event.
func OnUpdate(context Context, update Update) (Turn, error) {
	var memory Memory
	switch update := update.(type) {
	// These two do not look at the old memory, so they also heal one that cannot be read.
	case Created:
		return Turn{State: memory.write(), Line: "a new conversation"}, nil
	case Closed:
		return Turn{State: Clear{}, Line: "the conversation ended"}, nil
	case AgentResponse:
		memory, err := recall(context.State)
		if err != nil {
			return Turn{}, err
		}
		memory.meetAgent()
		return Turn{State: memory.write(), Line: "an agent answered"}, nil
	case OwnerChanged:
		memory, err := recall(context.State)
		if err != nil {
			return Turn{}, err
		}
		line := memory.meetOwner(update.Bot, context.BotID)
		return Turn{State: memory.write(), Line: line}, nil
	case OtherUpdate:
		// A platform may tell more than this bot knows of; that is no reason to fail.
		return Turn{State: Keep{}, Line: update.Kind + " means nothing to me"}, nil
	default:
		panic("an update without a case")
	}
}

// meetOwner remembers that somebody else holds the conversation, and says so in words.
func (m *Memory) meetOwner(bot *string, ownID string) string {
	switch {
	case bot == nil:
		m.meetAgent()
		return "an agent has the conversation now"
	case *bot == ownID:
		m.Misunderstood = 0
		return "the conversation is mine again"
	default:
		return "another bot has the conversation now"
	}
}

// refuses says whether the host would refuse this action where the conversation happens.
func refuses(context Context, action string) bool {
	var names []string
	return read(context.Refused, &names) == nil && slices.Contains(names, action)
}

// firstName is the name to greet somebody by. Some networks invent one ("Anonymous Stork 1afc-9b12"), which is worse
// than none.
func firstName(fullName string) string {
	for name := range strings.FieldsSeq(fullName) {
		if name == "Anonymous" {
			return ""
		}
		return name
	}
	return ""
}
