// Package border translates between the bindings, which are made of wit/, and the bot's own types, and writes the
// log.
package border

import (
	"fmt"
	"runtime/debug"

	types "go.bytecodealliance.org/pkg/wit/types"

	"concierge/bindings/bothost_bot_actions"
	"concierge/bindings/bothost_bot_log"
	"concierge/bindings/bothost_bot_message"
	"concierge/bindings/bothost_bot_types"
	"concierge/bindings/bothost_bot_update"
	"concierge/concierge"
)

// Version is shown in the log, so that one can see which version answered. `-ldflags '-X
// concierge/border.Version=2.0.0'` builds another.
var Version = "1.0.0"

// LastWords is deferred by what the host calls: a panic's message goes to the log, with the lines of code that led
// to it, and then the panic goes on and ends the turn. What Go would print itself is thrown away.
func LastWords() {
	if message := recover(); message != nil {
		words := fmt.Sprintf("concierge %s: panic: %v\n%s", Version, message, debug.Stack())
		bothost_bot_log.Write(bothost_bot_log.LevelError, words)
		panic(message)
	}
}

// Context reads what the bot looks at in a context.
func Context(from bothost_bot_types.Context) concierge.Context {
	context := concierge.Context{
		BotID:    from.BotId,
		MaySpeak: from.MaySpeak,
		State:    pointer(from.State),
		Config:   from.Config,
		NowMs:    from.NowMs,
	}
	for _, extra := range from.Extras {
		if extra.Key == "refused" {
			context.Refused = extra.Value
			break
		}
	}
	return context
}

// Message reads what the bot looks at in a message.
func Message(from bothost_bot_message.Message) concierge.Message {
	message := concierge.Message{
		Text:         from.Text.SomeOr(""),
		FullName:     from.Author.FullName.SomeOr(""),
		ListResponse: pointer(from.ListResponse),
	}
	if last := len(from.Presses) - 1; last >= 0 {
		message.Pressed = &from.Presses[last].Payload
	}
	return message
}

// Update reads what happened to a conversation.
func Update(from bothost_bot_update.Operation) concierge.Update {
	switch from.Tag() {
	case bothost_bot_update.OperationCreated:
		return concierge.Created{}
	case bothost_bot_update.OperationClosed:
		return concierge.Closed{}
	case bothost_bot_update.OperationAgentResponse:
		return concierge.AgentResponse{}
	case bothost_bot_update.OperationOwnerChanged:
		owner := from.OwnerChanged()
		if owner.Tag() == bothost_bot_types.OwnerBot {
			bot := owner.Bot()
			return concierge.OwnerChanged{Bot: &bot}
		}
		return concierge.OwnerChanged{}
	default:
		return concierge.OtherUpdate{Kind: from.Other().Kind}
	}
}

// Result logs the turn's line and writes what came of the turn. A bot that cannot handle an event gives up: none of
// its errors passes by itself.
func Result(turn concierge.Turn, err error) types.Result[bothost_bot_actions.Outcome, bothost_bot_actions.Failure] {
	if err != nil {
		failure := bothost_bot_actions.MakeFailureGiveUp(err.Error())
		return types.Err[bothost_bot_actions.Outcome](failure)
	}
	level := bothost_bot_log.LevelInfo
	if turn.IsWarning {
		level = bothost_bot_log.LevelWarn
	}
	bothost_bot_log.Write(level, "concierge "+Version+": "+turn.Line)
	outcome := bothost_bot_actions.Outcome{State: state(turn.State)}
	for _, one := range turn.Actions {
		outcome.Actions = append(outcome.Actions, action(one))
	}
	return types.Ok[bothost_bot_actions.Outcome, bothost_bot_actions.Failure](outcome)
}

func state(from concierge.StateChange) bothost_bot_actions.StateChange {
	switch from := from.(type) {
	case concierge.Set:
		return bothost_bot_actions.MakeStateChangeSet(string(from))
	case concierge.Clear:
		return bothost_bot_actions.MakeStateChangeClear()
	default:
		return bothost_bot_actions.MakeStateChangeKeep()
	}
}

func action(from concierge.Action) bothost_bot_actions.Action {
	switch from := from.(type) {
	case concierge.Respond:
		return bothost_bot_actions.MakeActionRespond(response(from))
	case concierge.TypingStart:
		return bothost_bot_actions.MakeActionTypingStart()
	case concierge.TypingStop:
		return bothost_bot_actions.MakeActionTypingStop()
	case concierge.HandOff:
		return bothost_bot_actions.MakeActionHandOff(types.Some(from.Comment))
	case concierge.Tag:
		return bothost_bot_actions.MakeActionTag([]string{from.ID})
	case concierge.Note:
		return bothost_bot_actions.MakeActionNote(from.Text)
	default:
		panic("an action without a translation")
	}
}

func response(from concierge.Respond) bothost_bot_actions.Response {
	to := bothost_bot_actions.Response{Text: types.Some(from.Text)}
	for _, button := range from.Buttons {
		postback := bothost_bot_actions.Postback{Text: button.Text, Payload: button.Payload}
		to.Buttons = append(to.Buttons, bothost_bot_actions.MakeButtonPostback(postback))
	}
	if from.List != nil {
		to.Attachment = types.Some(bothost_bot_actions.MakeAttachmentListPicker(listPicker(*from.List)))
	}
	return to
}

func listPicker(from concierge.List) bothost_bot_actions.ListPicker {
	section := bothost_bot_actions.ListSection{Id: from.ID, Title: from.Title}
	for _, choice := range from.Choices {
		to := bothost_bot_actions.ListChoice{Id: choice.ID, Title: choice.Title}
		if choice.Subtitle != "" {
			to.Subtitle = types.Some(choice.Subtitle)
		}
		section.Choices = append(section.Choices, to)
	}
	return bothost_bot_actions.ListPicker{
		RequestMessage:  bubble(from.Request),
		ResponseMessage: bubble(from.Response),
		Sections:        []bothost_bot_actions.ListSection{section},
	}
}

func bubble(from concierge.Bubble) bothost_bot_actions.ListMessage {
	return bothost_bot_actions.ListMessage{Title: from.Title, Subtitle: types.Some(from.Subtitle)}
}

func pointer(from types.Option[string]) *string {
	if from.IsNone() {
		return nil
	}
	value := from.Some()
	return &value
}
