package concierge

// Context is what a turn depends on besides the event: as much of the contract's as the concierge looks at.
type Context struct {
	// BotID is the bot's own id on the platform.
	BotID string
	// MaySpeak says whether this bot holds the conversation and so may answer the customer.
	MaySpeak bool
	// State is what the last turn of this conversation stored; nil at its start.
	State *string
	// Config is the bot's configuration, a JSON object.
	Config string
	// NowMs is the time of the turn, in milliseconds since 1970-01-01 UTC.
	NowMs uint64
	// Refused is a JSON list of the actions that the host would refuse where the conversation happens.
	Refused string
}

// Message is a message of a customer.
type Message struct {
	// Text is what it says. Some networks deliver a message without any.
	Text string
	// FullName is the customer's, where the network gives one.
	FullName string
	// Pressed is the payload of the button that was pressed; of the last one, if there were several.
	Pressed *string
	// ListResponse is the answer to a list picker, JSON of a shape that the platform does not document.
	ListResponse *string
}

// Update is a change of a conversation: one of the types below.
type Update interface{ isUpdate() }

type (
	// Created says that the conversation began.
	Created struct{}
	// Closed says that it ended.
	Closed struct{}
	// AgentResponse says that a human agent answered the customer.
	AgentResponse struct{}
	// OwnerChanged says who holds the conversation now: the bot of this id, or an agent when it is nil.
	OwnerChanged struct{ Bot *string }
	// OtherUpdate is something that this version has no type for, by the platform's name.
	OtherUpdate struct{ Kind string }
)

func (Created) isUpdate()       {}
func (Closed) isUpdate()        {}
func (AgentResponse) isUpdate() {}
func (OwnerChanged) isUpdate()  {}
func (OtherUpdate) isUpdate()   {}

// Action is one thing to do: one of the types below.
type Action interface{ isAction() }

type (
	// Respond says something to the customer.
	Respond struct {
		Text    string
		Buttons []Button
		List    *List
	}
	// TypingStart shows that an answer is being written.
	TypingStart struct{}
	// TypingStop ends that. Sending a message does not (seed 001).
	TypingStop struct{}
	// HandOff gives the conversation to a human agent, with a comment that agents see.
	HandOff struct{ Comment string }
	// Tag puts a tag on the conversation.
	Tag struct{ ID string }
	// Note writes a note that only agents see.
	Note struct{ Text string }
)

func (Respond) isAction()     {}
func (TypingStart) isAction() {}
func (TypingStop) isAction()  {}
func (HandOff) isAction()     {}
func (Tag) isAction()         {}
func (Note) isAction()        {}

// Button sends its payload when it is pressed.
type Button struct{ Text, Payload string }

// List is a list to pick from.
type List struct {
	Request, Response Bubble
	ID, Title         string
	Choices           []Choice
}

// Bubble is what stands around a list, before and after the choice.
type Bubble struct{ Title, Subtitle string }

// Choice is something to pick; its subtitle may be empty.
type Choice struct{ ID, Title, Subtitle string }

// StateChange says what to remember of a conversation: one of the types below.
type StateChange interface{ isStateChange() }

type (
	// Keep leaves what was stored.
	Keep struct{}
	// Set stores this text instead.
	Set string
	// Clear forgets it.
	Clear struct{}
)

func (Keep) isStateChange()  {}
func (Set) isStateChange()   {}
func (Clear) isStateChange() {}

// Turn is what came of an event, and the line that the log gets about it.
type Turn struct {
	Actions []Action
	State   StateChange
	Line    string
	// IsWarning says that something is off, though the bot went on.
	IsWarning bool
}
