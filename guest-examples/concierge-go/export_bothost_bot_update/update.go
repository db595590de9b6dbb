// Package export_bothost_bot_update is the contract's interface update, as the bindings look for it.
package export_bothost_bot_update

import (
	types "go.bytecodealliance.org/pkg/wit/types"

	"concierge/bindings/bothost_bot_update"
	"concierge/border"
	"concierge/concierge"
)

// Handle reacts to an update.
func Handle(
	context bothost_bot_update.Context,
	update bothost_bot_update.Update,
) types.Result[bothost_bot_update.Outcome, bothost_bot_update.Failure] {
	defer border.LastWords()
	return border.Result(concierge.OnUpdate(border.Context(context), border.Update(update.Operation)))
}
