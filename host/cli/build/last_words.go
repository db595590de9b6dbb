package wit_exports

import (
	"fmt"
	"os"
	"runtime/debug"

	"{{module}}/bindings/bothost_bot_log"
)

func init() {
	// What the runtime itself dies of comes without the stacks, which it would print in small pieces.
	debug.SetTraceback("none")
}

// lastWords tells the log of a panic, and ends the turn.
func lastWords() {
	if words := recover(); words != nil {
		bothost_bot_log.Write(bothost_bot_log.LevelError, fmt.Sprintf("panic: %v\n%s", words, debug.Stack()))
		os.Exit(2)
	}
}
