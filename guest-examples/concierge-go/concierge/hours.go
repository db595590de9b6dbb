package concierge

import (
	"encoding/json/v2"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

var dayNames = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

const minutesPerDay = 24 * 60

// Hours says when the house is open, Monday first.
type Hours [7]span

// span is some minutes of a day; none when the house is closed.
type span struct{ from, until int }

func defaultHours() Hours {
	weekday, saturday := span{9 * 60, 18 * 60}, span{10 * 60, 16 * 60}
	return Hours{weekday, weekday, weekday, weekday, weekday, saturday, {}}
}

// OpenAt says whether the house is open at this time, in milliseconds since 1970-01-01 UTC.
func (h Hours) OpenAt(nowMs uint64, utcOffsetMinutes int64) bool {
	// Minutes since 1970 are far from the ends of the type, so only the offset can lead out of it.
	minute := int64(nowMs / 60_000)
	minute += min(utcOffsetMinutes, math.MaxInt64-minute)
	day, minuteOfDay := minute/minutesPerDay, minute%minutesPerDay
	if minuteOfDay < 0 { // Division cuts towards zero, and before 1970 that is the wrong side.
		day, minuteOfDay = day-1, minuteOfDay+minutesPerDay
	}
	// 1970-01-01 was a Thursday, three days after a Monday.
	today := h[((day+3)%7+7)%7]
	return int64(today.from) <= minuteOfDay && minuteOfDay < int64(today.until)
}

// String gives the week in words, days of the same hours together: `mon-fri 09:00-18:00, sat 10:00-16:00`.
func (h Hours) String() string {
	var parts []string
	for day, last := 0, 0; day < len(h); day = last + 1 {
		for last = day; last+1 < len(h) && h[last+1] == h[day]; last++ {
		}
		if h[day] == (span{}) {
			continue
		}
		days := dayNames[day]
		if last > day {
			days += "-" + dayNames[last]
		}
		parts = append(parts, days+" "+clock(h[day].from)+"-"+clock(h[day].until))
	}
	if len(parts) == 0 {
		return "closed until further notice"
	}
	return strings.Join(parts, ", ")
}

func clock(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

// UnmarshalJSON reads hours as String writes them, or an object such as {"mon-fri": "09:00-18:00"}. A day that is
// not named is closed.
func (h *Hours) UnmarshalJSON(data []byte) error {
	*h = Hours{}
	switch data[0] {
	case '"':
		var text string
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
		for entry := range strings.SplitSeq(text, ",") {
			days, hours, _ := strings.Cut(strings.TrimSpace(entry), " ")
			if err := h.put(days, hours); err != nil {
				return err
			}
		}
	case '{':
		var entries map[string]string
		if err := json.Unmarshal(data, &entries, noNulls); err != nil {
			return err
		}
		// In the order of their names, so that an object means the same however it is written.
		for _, days := range slices.Sorted(maps.Keys(entries)) {
			if err := h.put(days, entries[days]); err != nil {
				return err
			}
		}
	default:
		return errors.New("neither a text nor an object")
	}
	return nil
}

func (h *Hours) put(days, hours string) error {
	from, until, isRange := strings.Cut(days, "-")
	if !isRange {
		until = from
	}
	first := slices.Index(dayNames, strings.TrimSpace(from))
	last := slices.Index(dayNames, strings.TrimSpace(until))
	if first < 0 || last < 0 {
		return fmt.Errorf("%q is neither a day nor a range of days such as mon-fri", days)
	}
	open, ok := readSpan(hours)
	if !ok {
		return fmt.Errorf("%q is not a time span such as 09:00-18:00", hours)
	}
	if last < first {
		return fmt.Errorf("%q ends before it begins", days)
	}
	for day := first; day <= last; day++ {
		h[day] = open
	}
	return nil
}

func readSpan(text string) (span, bool) {
	from, until, _ := strings.Cut(text, "-")
	begin, ok := readMinute(from)
	end, okToo := readMinute(until)
	return span{begin, end}, ok && okToo && begin < end
}

// readMinute reads 09:00; the day ends at 24:00.
func readMinute(text string) (int, bool) {
	hours, minutes, _ := strings.Cut(strings.TrimSpace(text), ":")
	hour, err := strconv.Atoi(hours)
	minute, errToo := strconv.Atoi(minutes)
	if err != nil || errToo != nil || hour < 0 || hour > 24 || minute < 0 || minute >= 60 {
		return 0, false
	}
	return hour*60 + minute, hour*60+minute <= minutesPerDay
}
