package concierge

import (
	"encoding/json/v2"
	"fmt"
	"strings"
)

// treatmentsMax is how many treatments are offered at most: no network shows longer lists well.
const treatmentsMax = 10

// Settings is how the operator configured this bot: the registration's metadata object. Khoros takes no object and
// no list within metadata, so each setting is a text or a number.
type Settings struct {
	// House is the house's name.
	House string
	// Hours say when it is open; a day that is not named is closed.
	Hours Hours
	// UTCOffsetMinutes is how far the house's clock is ahead of UTC.
	UTCOffsetMinutes int64
	// Treatments can be booked: `tea-ritual = Tea ritual, 30 minutes 🍵; forest-bath = Forest bath`.
	Treatments Treatments
	// TagPerson is the platform's tag for conversations that ask for a person. Khoros' tags are numbers.
	TagPerson *uint64
	// TagBooking is the platform's tag for conversations in which something was chosen.
	TagBooking *uint64
}

// Treatment is something to book. Its id comes back with the choice; the subtitle may be empty.
type Treatment struct{ ID, Title, Subtitle string }

// Treatments are offered in their order.
type Treatments []Treatment

func defaultSettings() Settings {
	return Settings{
		House: "Lantern House",
		Hours: defaultHours(),
		Treatments: Treatments{
			{"hot-stone", "Hot stone massage", "60 minutes 🪨"},
			{"forest-bath", "Forest bath", "45 minutes 🌲"},
			{"tea-ritual", "Tea ritual", "30 minutes 🍵"},
		},
	}
}

// readSettings reads the configuration. A broken one must not silence the bot: it gets the defaults and a complaint
// for the log.
func readSettings(config string) (Settings, error) {
	settings := defaultSettings()
	if err := members(config, settings.read); err != nil {
		return defaultSettings(), fmt.Errorf("the configuration is not used: %w", err)
	}
	return settings, nil
}

// read reads one setting. Names that it does not know are others'.
func (s *Settings) read(name, value string) error {
	switch name {
	case "house":
		return read(value, &s.House)
	case "hours":
		return read(value, &s.Hours)
	case "utc-offset-minutes":
		return read(value, &s.UTCOffsetMinutes)
	case "treatments":
		return read(value, &s.Treatments)
	case "tag-person":
		return read(value, &s.TagPerson)
	case "tag-booking":
		return read(value, &s.TagBooking)
	}
	return nil
}

// UnmarshalJSON reads treatments from one text. The host refuses a choice without an id or a title, and with it the
// whole answer, so both must be there.
func (t *Treatments) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	*t = nil
	for entry := range strings.SplitSeq(text, ";") {
		entry = strings.TrimSpace(entry)
		if entry == "" || len(*t) == treatmentsMax {
			continue
		}
		id, words, _ := strings.Cut(entry, "=")
		title, subtitle, _ := strings.Cut(words, ",")
		treatment := Treatment{strings.TrimSpace(id), strings.TrimSpace(title), strings.TrimSpace(subtitle)}
		if treatment.ID == "" || treatment.Title == "" {
			return fmt.Errorf("%q is not a treatment such as `tea-ritual = Tea ritual, 30 minutes`", entry)
		}
		*t = append(*t, treatment)
	}
	return nil
}
