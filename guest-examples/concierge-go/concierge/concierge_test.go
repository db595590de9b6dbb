package concierge

import (
	"fmt"
	"strings"
	"testing"
)

// chat is a customer, and what the host would keep between turns.
type chat struct {
	*testing.T
	context  Context
	fullName string
	turn     Turn
}

// newChat begins a conversation at noon on Thursday, 1970-01-01.
func newChat(t *testing.T) *chat {
	return &chat{T: t, fullName: "Jo Quill", context: Context{
		BotID:    "concierge",
		MaySpeak: true,
		Config:   `{"tag-person": 1001, "tag-booking": 1002}`,
		NowMs:    12 * 3_600_000,
	}}
}

func (c *chat) says(text string)           { c.message(Message{Text: text}) }
func (c *chat) presses(payload string)     { c.message(Message{Pressed: &payload}) }
func (c *chat) picks(listResponse string)  { c.message(Message{ListResponse: &listResponse}) }
func (c *chat) ownerChanges(bot string)    { c.update(OwnerChanged{Bot: &bot}) }
func (c *chat) memory() (memory Memory)    { memory, _ = recall(c.context.State); return memory }
func (c *chat) keep(turn Turn, err error)  { c.Helper(); c.remember(turn, err) }
func (c *chat) update(update Update)       { c.Helper(); c.keep(OnUpdate(c.context, update)) }
func (c *chat) expect(actual, want string) { c.Helper(); expect(c.T, actual, want) }

func (c *chat) message(message Message) {
	c.Helper()
	message.FullName = c.fullName
	c.keep(OnMessage(c.context, message))
}

func (c *chat) remember(turn Turn, err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
	c.turn = turn
	switch state := turn.State.(type) {
	case Set:
		text := string(state)
		c.context.State = &text
	case Clear:
		c.context.State = nil
	}
}

func (c *chat) said() Respond {
	for _, action := range c.turn.Actions {
		if respond, ok := action.(Respond); ok {
			return respond
		}
	}
	return Respond{}
}

func (c *chat) actions() string {
	var kinds []string
	for _, action := range c.turn.Actions {
		kinds = append(kinds, strings.TrimPrefix(fmt.Sprintf("%T", action), "concierge."))
	}
	return strings.Join(kinds, " ")
}

func (c *chat) expectPart(part string) {
	c.Helper()
	if !strings.Contains(c.said().Text, part) {
		c.Errorf("said %q, without %q", c.said().Text, part)
	}
}

func expect(t *testing.T, actual, want string) {
	t.Helper()
	if actual != want {
		t.Errorf("\n got %s\nwant %s", actual, want)
	}
}

func TestNewCustomerIsGreetedByNameAndOnlyOnce(t *testing.T) {
	c := newChat(t)
	c.update(Created{})
	c.says("hello")
	c.expect(c.said().Text, "Welcome to Lantern House, Jo! 👋 How can I help?")
	c.expect(c.turn.Line, "message 1, hello, 1 actions")
	c.expect(c.said().Buttons[2].Payload, "person")
	c.says("hello")
	c.expect(c.said().Text, "Hello again! How can I help?")
}

func TestInventedNameIsNotUsed(t *testing.T) {
	c := newChat(t)
	c.fullName = "Anonymous Stork 1afc-9b12"
	c.says("hi")
	c.expect(c.said().Text, "Welcome to Lantern House! 👋 How can I help?")
}

func TestHoursTellWhetherItIsOpenNow(t *testing.T) {
	c := newChat(t)
	c.says("When do you open?")
	c.expectPart("We are open 🟢 right now. Our hours: mon-fri 09:00-18:00")
	c.expect(c.actions(), "TypingStart Respond TypingStop")
	c.context.NowMs = 0
	c.says("still open?")
	c.expectPart("We are closed 🌙")
}

func TestTreatmentsArePickedPressedOrCounted(t *testing.T) {
	c := newChat(t)
	c.says("a massage please")
	c.expect(c.said().List.Choices[1].ID, "forest-bath")
	c.picks(`{"selected": [{"id": "forest-bath", "title": "Forest bath", "image": null}]}`)
	c.expect(*c.memory().Chosen, "Forest bath")
	c.expect(c.turn.Line, "message 2, choose forest-bath, 3 actions")

	// Where there are no lists the host makes buttons of the choices, which send their ids.
	c.presses("tea-ritual")
	c.expectPart("Tea ritual: a lovely choice.")
	c.expect(fmt.Sprint(c.turn.Actions[1:]), "[{Wants to book: Tea ritual} {1002}]")

	// Where nothing can be pressed a number chooses, and a slip in between does no harm.
	c.says("treatments")
	c.says("hmm")
	c.says("1")
	c.expect(*c.memory().Chosen, "Hot stone massage")
}

func TestPersonGetsASummary(t *testing.T) {
	c := newChat(t)
	c.says("When do you open?")
	c.says("tea ritual 🍵")
	c.says("Could I speak with someone?")
	c.expect(c.actions(), "Respond Tag HandOff") // the farewell comes before the hand-off
	c.expect(c.turn.Actions[2].(HandOff).Comment, "Because the customer asks for a person. Jo: 3 messages, "+
		"asked about opening hours, chose Tea ritual. "+
		"Last words: “When do you open?” “tea ritual 🍵” “Could I speak with someone?”")
}

func TestWhereThereAreNoPeopleNoneIsCalled(t *testing.T) {
	c := newChat(t)
	c.context.Refused = `["hand-off", "move-to"]`
	c.says("a person, please")
	c.expectPart("I cannot call a colleague from here.")
	c.expect(c.actions(), "Respond")
}

func TestTwoUnclearMessagesCallAPerson(t *testing.T) {
	c := newChat(t)
	c.says("blorp")
	c.expect(c.actions(), "Respond")
	c.says("hours")
	c.says("blorp")
	c.expect(c.actions(), "Respond") // what was understood in between starts anew
	c.says("🦆")
	c.expect(c.actions(), "Respond Tag HandOff")
}

func TestWhileAnAgentSpeaksTheBotListens(t *testing.T) {
	c := newChat(t)
	c.update(OwnerChanged{})
	c.context.MaySpeak = false
	c.says("hello")
	c.says("I want a human")
	c.expect(c.actions(), "")
	c.update(AgentResponse{})
	c.ownerChanges("mirror")
	c.expect(c.turn.Line, "another bot has the conversation now")
	c.ownerChanges("concierge")
	c.update(OtherUpdate{"MOVED"})
	c.context.MaySpeak = true
	c.says("hello")
	c.expect(c.said().Text, "Hello again! How can I help?")
	if memory := c.memory(); !memory.AgentSpoke || memory.Messages != 3 {
		t.Error(memory)
	}
}

func TestEndForgetsAndForeignStateIsGivenUpOn(t *testing.T) {
	c := newChat(t)
	c.says("hello")
	c.update(Closed{})
	if c.context.State != nil {
		t.Error("the end does not forget")
	}
	foreign := "v1;3"
	c.context.State = &foreign
	_, err := OnMessage(c.context, Message{})
	if err == nil || !strings.Contains(err.Error(), "the conversation's state is not one of concierge's") {
		t.Error(err)
	}
	if _, err := OnUpdate(c.context, AgentResponse{}); err == nil {
		t.Error("a foreign state is no memory")
	}
	c.update(Created{})
	c.expect(fmt.Sprint(c.memory()), fmt.Sprint(Memory{}))
}

func TestButtonMayBeOlderThanTheList(t *testing.T) {
	c := newChat(t)
	c.presses("mud-pack")
	c.expect(c.turn.Line, "message 1, unclear, 1 actions")
	c.context.Config = `{"treatments": "! = !"}`
	c.says("spa") // a title without letters is not found in every text
	c.expect(c.said().List.Choices[0].ID, "!")
	c.context.Config = `{"treatments": ""}`
	c.says("spa")
	c.expect(c.said().Text, "There is nothing to book right now.")
	c.context.Config = `{"treatments": "Tea"}`
	c.says("thanks")
	if !c.turn.IsWarning || !strings.Contains(c.turn.Line, `; the configuration is not used: `) {
		t.Error(c.turn.Line)
	}
}
