package concierge

import (
	"encoding/json/jsontext"
	"fmt"
	"slices"
	"strings"
)

const (
	// wordsKept is how many of the customer's last texts are kept for the summary.
	wordsKept = 3
	// wordsLong is how much of each, in characters.
	wordsLong = 120
)

// Memory is what the bot remembers of a conversation: JSON in the state that the host keeps between turns.
type Memory struct {
	// Messages of the customer, also those that an agent answered.
	Messages uint32 `json:"messages"`
	// Greeted says whether the customer has been greeted.
	Greeted bool `json:"greeted"`
	// AgentSpoke says whether a human agent took part.
	AgentSpoke bool `json:"agent-spoke"`
	// Misunderstood counts messages in a row that the bot made nothing of.
	Misunderstood uint32 `json:"misunderstood"`
	// Asked is what the customer asked about, each thing once.
	Asked []Topic `json:"asked"`
	// Offered says whether the list of treatments is on the customer's screen.
	Offered bool `json:"offered"`
	// Chosen is the treatment that the customer chose.
	Chosen *string `json:"chosen"`
	// LastWords are the customer's, oldest first.
	LastWords []string `json:"last-words"`
}

// Topic is something to ask about.
type Topic string

// The topics.
const (
	TopicHours      Topic = "hours"
	TopicTreatments Topic = "treatments"
)

// UnmarshalText refuses a topic that this bot does not know.
func (t *Topic) UnmarshalText(text []byte) error {
	*t = Topic(text)
	if *t != TopicHours && *t != TopicTreatments {
		return fmt.Errorf("%q is no topic", text)
	}
	return nil
}

// recall reads what an earlier turn wrote; a fresh memory when there is none. One that cannot be read will not get
// better by trying again, so the bot gives up on an error, and the host calls an agent.
func recall(state *string) (Memory, error) {
	var memory Memory
	if state == nil {
		return memory, nil
	}
	if err := read(*state, &memory); err != nil {
		return memory, fmt.Errorf("the conversation's state is not one of concierge's: %w", err)
	}
	return memory, nil
}

// write writes the memory for the next turn, token by token. json.Marshal would study the type first, which takes longer than
// the rest of a turn, and a bot that lives for one event would do it each time.
func (m *Memory) write() Set {
	tokens := []jsontext.Token{
		jsontext.BeginObject,
		jsontext.String("messages"), jsontext.Uint(uint64(m.Messages)),
		jsontext.String("greeted"), jsontext.Bool(m.Greeted),
		jsontext.String("agent-spoke"), jsontext.Bool(m.AgentSpoke),
		jsontext.String("misunderstood"), jsontext.Uint(uint64(m.Misunderstood)),
		jsontext.String("asked"), jsontext.BeginArray,
	}
	for _, topic := range m.Asked {
		tokens = append(tokens, jsontext.String(string(topic)))
	}
	chosen := jsontext.Null
	if m.Chosen != nil {
		chosen = jsontext.String(*m.Chosen)
	}
	tokens = append(tokens, jsontext.EndArray,
		jsontext.String("offered"), jsontext.Bool(m.Offered),
		jsontext.String("chosen"), chosen,
		jsontext.String("last-words"), jsontext.BeginArray,
	)
	for _, words := range m.LastWords {
		tokens = append(tokens, jsontext.String(words))
	}
	tokens = append(tokens, jsontext.EndArray, jsontext.EndObject)

	var text strings.Builder
	encoder := jsontext.NewEncoder(&text)
	for _, token := range tokens {
		if err := encoder.WriteToken(token); err != nil {
			panic(err) // these are always JSON
		}
	}
	return Set(strings.TrimSpace(text.String()))
}

// count counts a message and keeps its words.
func (m *Memory) count(text string) {
	m.Messages = max(m.Messages, m.Messages+1) // stays at the most that fits
	if text = strings.TrimSpace(text); text == "" {
		return
	}
	words := append(m.LastWords, firstCharacters(text, wordsLong))
	m.LastWords = words[max(0, len(words)-wordsKept):]
}

func firstCharacters(text string, count int) string {
	for at := range text {
		if count == 0 {
			return text[:at]
		}
		count--
	}
	return text
}

// ask remembers that the customer asked about something.
func (m *Memory) ask(topic Topic) {
	if !slices.Contains(m.Asked, topic) {
		m.Asked = append(m.Asked, topic)
	}
}

// meetAgent remembers that an agent took part. A bot that says hello after a person already did looks silly.
func (m *Memory) meetAgent() {
	m.AgentSpoke = true
	m.Greeted = true
}

// summary is the conversation for the agent who takes it over.
func (m *Memory) summary() string {
	parts := []string{fmt.Sprintf("%d messages", m.Messages)}
	if m.Messages == 1 {
		parts[0] = "1 message"
	}
	if len(m.Asked) > 0 {
		words := map[Topic]string{TopicHours: "opening hours", TopicTreatments: "treatments"}
		var topics []string
		for _, topic := range m.Asked {
			topics = append(topics, words[topic])
		}
		parts = append(parts, "asked about "+strings.Join(topics, " and "))
	}
	if m.Chosen != nil {
		parts = append(parts, "chose "+*m.Chosen)
	}
	if m.AgentSpoke {
		parts = append(parts, "has talked to an agent before")
	}
	summary := strings.Join(parts, ", ")
	if len(m.LastWords) > 0 {
		summary += ". Last words: “" + strings.Join(m.LastWords, "” “") + "”"
	}
	return summary
}
