// Package export_bothost_bot_update is the contract's interface update.
package export_bothost_bot_update

import (
	types "go.bytecodealliance.org/pkg/wit/types"

	"bots/{{name}}/bindings/bothost_bot_actions"
	"bots/{{name}}/bindings/bothost_bot_update"
)

// Handle learns what happened to the conversation. When it ended, the bot forgets it.
func Handle(
	_ bothost_bot_update.Context,
	update bothost_bot_update.Update,
) types.Result[bothost_bot_update.Outcome, bothost_bot_update.Failure] {
	outcome := bothost_bot_actions.Outcome{State: bothost_bot_actions.MakeStateChangeKeep()}
	if update.Operation.Tag() == bothost_bot_update.OperationClosed {
		outcome.State = bothost_bot_actions.MakeStateChangeClear()
	}
	return types.Ok[bothost_bot_update.Outcome, bothost_bot_update.Failure](outcome)
}
