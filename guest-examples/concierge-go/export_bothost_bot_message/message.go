// Package export_bothost_bot_message is the contract's interface message, as the bindings look for it.
package export_bothost_bot_message

import (
	types "go.bytecodealliance.org/pkg/wit/types"

	"concierge/bindings/bothost_bot_message"
	"concierge/border"
	"concierge/concierge"
)

// Handle answers a message.
func Handle(
	context bothost_bot_message.Context,
	message bothost_bot_message.Message,
) types.Result[bothost_bot_message.Outcome, bothost_bot_message.Failure] {
	defer border.LastWords()
	return border.Result(concierge.OnMessage(border.Context(context), border.Message(message)))
}
