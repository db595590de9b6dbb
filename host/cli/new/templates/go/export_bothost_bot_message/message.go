// Package export_bothost_bot_message is the contract's interface message.
//
// A bot does nothing itself: it returns what it wants done. And it remembers nothing itself: each event gets a fresh instance
// of it, and only the state lasts.
package export_bothost_bot_message

import (
	"slices"
	"strconv"

	types "go.bytecodealliance.org/pkg/wit/types"

	"bots/{{name}}/bindings/bothost_bot_actions"
	"bots/{{name}}/bindings/bothost_bot_log"
	"bots/{{name}}/bindings/bothost_bot_message"
)

// What the bot gets when its button is pressed.
const startOver = "start-over"

// Handle answers what the customer said, or the button that was pressed.
func Handle(
	context bothost_bot_message.Context,
	message bothost_bot_message.Message,
) types.Result[bothost_bot_message.Outcome, bothost_bot_message.Failure] {
	// The state is the number of messages before this one.
	state := context.State.SomeOr("0")
	count, err := strconv.ParseUint(state, 10, 64)
	if err != nil {
		// Another try would find the same state, so the bot gives up. MakeFailureRetry is for trouble that passes.
		failure := bothost_bot_actions.MakeFailureGiveUp("the state is not a number: " + state)
		return types.Err[bothost_bot_message.Outcome](failure)
	}
	if slices.ContainsFunc(message.Presses, isStartOver) {
		count = 0
	} else {
		count++
	}
	// The log of this turn: `/why` in `bothost chat` shows it, and so does `bothost explain`.
	bothost_bot_log.Write(bothost_bot_log.LevelInfo, "{{name}}: message "+number(count))

	outcome := bothost_bot_actions.Outcome{State: bothost_bot_actions.MakeStateChangeSet(number(count))}
	// While a human agent has the conversation, the bot listens and stays silent: an answer would be refused.
	if context.MaySpeak {
		outcome.Actions = []bothost_bot_actions.Action{say(answer(count, message))}
	}
	return types.Ok[bothost_bot_message.Outcome, bothost_bot_message.Failure](outcome)
}

func isStartOver(press bothost_bot_message.Press) bool {
	return press.Payload == startOver
}

func number(count uint64) string {
	return strconv.FormatUint(count, 10)
}

func answer(count uint64, message bothost_bot_message.Message) string {
	switch count {
	case 0:
		return "Fine, we start over."
	case 1:
		return "Hello, " + message.Author.FullName.SomeOr("you") + "! Tell me something."
	default:
		return "You said: " + message.Text.SomeOr("nothing") + " (message " + number(count) + ")"
	}
}

// say is the action that says a text, with a button below it.
func say(text string) bothost_bot_actions.Action {
	button := bothost_bot_actions.MakeButtonPostback(bothost_bot_actions.Postback{Text: "Start over", Payload: startOver})
	return bothost_bot_actions.MakeActionRespond(bothost_bot_actions.Response{
		Text:    types.Some(text),
		Buttons: []bothost_bot_actions.Button{button},
	})
}
