package main

import (
	"strconv"
	"strings"
	"time"
	_ "time/tzdata"
)

// isOpen says whether one of the windows of a policy is open at a moment. A window that cannot be computed is closed.
func isOpen(windows []object, at time.Time) bool {
	for _, w := range windows {
		if isWindowOpen(w, at) {
			return true
		}
	}
	return len(windows) == 0
}

func isWindowOpen(window object, at time.Time) bool {
	zone, err := time.LoadLocation(textIn(window, "timeZone"))
	expression, ok := readCron(textIn(window, "cron"))
	if err != nil || !ok {
		return false
	}
	lasts := time.Duration(numberIn(window, "durationMinutes")) * time.Minute
	holidays := textsIn(window, "holidays")
	day := at.Add(-lasts).In(zone).AddDate(0, 0, -1)
	for last := at.In(zone).AddDate(0, 0, 1); !day.After(last); day = day.AddDate(0, 0, 1) {
		for _, opening := range expression.openingsOf(day, zone) {
			if opening.After(at) || !at.Before(opening.Add(lasts)) {
				continue
			}
			if !meetsHoliday(day, at, zone, holidays) {
				return true
			}
		}
	}
	return false
}

// meetsHoliday says whether a holiday lies between the day of an opening and a moment, both included.
func meetsHoliday(day, at time.Time, zone *time.Location, holidays []string) bool {
	last := at.In(zone).Format("2006-01-02")
	for d := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, time.UTC); ; d = d.AddDate(0, 0, 1) {
		text := d.Format("2006-01-02")
		if text > last {
			return false
		}
		if has(holidays, text) {
			return true
		}
	}
}

// cron is five fields: which minutes and hours, and of which days.
type cron struct {
	minutes, hours, months map[int]bool
	dayOfMonth, dayOfWeek  string
}

func readCron(text string) (cron, bool) {
	fields := strings.Fields(text)
	if len(fields) != 5 {
		return cron{}, false
	}
	minutes, ok1 := numbers(fields[0], 0, 59)
	hours, ok2 := numbers(fields[1], 0, 23)
	months, ok3 := numbers(fields[3], 1, 12)
	return cron{minutes, hours, months, fields[2], fields[4]}, ok1 && ok2 && ok3
}

// numbers reads lists, ranges and steps.
func numbers(field string, from, to int) (map[int]bool, bool) {
	all := map[int]bool{}
	for _, part := range strings.Split(field, ",") {
		span, stepText, hasStep := strings.Cut(part, "/")
		step := 1
		if hasStep {
			n, err := strconv.Atoi(stepText)
			if err != nil || n < 1 {
				return nil, false
			}
			step = n
		}
		first, last := from, to
		if span != "*" {
			a, b, isRange := strings.Cut(span, "-")
			n, err := strconv.Atoi(a)
			if err != nil {
				return nil, false
			}
			first, last = n, n
			if hasStep {
				last = to
			}
			if isRange {
				if last, err = strconv.Atoi(b); err != nil {
					return nil, false
				}
			}
		}
		if first < from || last > to || first > last {
			return nil, false
		}
		for n := first; n <= last; n += step {
			all[n] = true
		}
	}
	return all, true
}

// hasDay says whether the expression is for a day. Where both day fields are named, one of them is enough.
func (c cron) hasDay(day time.Time) bool {
	if !c.months[int(day.Month())] {
		return false
	}
	monthly, weekly := c.hasDayOfMonth(day), c.hasDayOfWeek(day)
	if c.dayOfMonth != "*" && c.dayOfWeek != "*" {
		return monthly || weekly
	}
	return monthly && weekly
}

func daysIn(day time.Time) int {
	return time.Date(day.Year(), day.Month()+1, 0, 12, 0, 0, 0, time.UTC).Day()
}

func (c cron) hasDayOfMonth(day time.Time) bool {
	if c.dayOfMonth == "L" {
		return day.Day() == daysIn(day)
	}
	if nearest, isWorkday := strings.CutSuffix(c.dayOfMonth, "W"); isWorkday {
		n, err := strconv.Atoi(nearest)
		return err == nil && day.Day() == nearestWorkday(day, n)
	}
	days, ok := numbers(c.dayOfMonth, 1, 31)
	return ok && days[day.Day()]
}

func nearestWorkday(day time.Time, n int) int {
	at := time.Date(day.Year(), day.Month(), n, 12, 0, 0, 0, time.UTC)
	if at.Month() != day.Month() {
		return 0
	}
	switch {
	case at.Weekday() == time.Saturday && n > 1:
		return n - 1
	case at.Weekday() == time.Saturday:
		return n + 2
	case at.Weekday() == time.Sunday && n < daysIn(day):
		return n + 1
	case at.Weekday() == time.Sunday:
		return n - 2
	}
	return n
}

func (c cron) hasDayOfWeek(day time.Time) bool {
	weekday := int(day.Weekday())
	if name, isLast := strings.CutSuffix(c.dayOfWeek, "L"); isLast {
		days, ok := numbers(name, 0, 7)
		return ok && (days[weekday] || weekday == 0 && days[7]) && day.Day()+7 > daysIn(day)
	}
	if name, which, isNth := strings.Cut(c.dayOfWeek, "#"); isNth {
		days, ok := numbers(name, 0, 7)
		n, err := strconv.Atoi(which)
		return ok && err == nil && (days[weekday] || weekday == 0 && days[7]) && (day.Day()+6)/7 == n
	}
	days, ok := numbers(c.dayOfWeek, 0, 7)
	return ok && (days[weekday] || weekday == 0 && days[7])
}

// openingsOf are the moments of a day at which the expression comes.
func (c cron) openingsOf(day time.Time, zone *time.Location) []time.Time {
	if !c.hasDay(day) {
		return nil
	}
	var all []time.Time
	if len(c.hours) == 24 {
		// Of every hour: it follows the time that passes.
		start := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC).Add(-26 * time.Hour)
		for m := 0; m < 78*60; m++ {
			at := start.Add(time.Duration(m) * time.Minute).In(zone)
			if at.Day() == day.Day() && at.Month() == day.Month() && at.Second() == 0 && c.minutes[at.Minute()] {
				all = append(all, at)
			}
		}
		return all
	}
	for hour := range c.hours {
		for minute := range c.minutes {
			all = append(all, onTheWall(day, hour, minute, zone))
		}
	}
	return all
}

// onTheWall is the first moment at which a clock on the wall shows a time, or goes past it.
func onTheWall(day time.Time, hour, minute int, zone *time.Location) time.Time {
	wanted := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, time.UTC)
	wall := func(at time.Time) time.Time {
		_, offset := at.In(zone).Zone()
		return at.Add(time.Duration(offset) * time.Second)
	}
	// The wall's clock runs with the time except at a change; the first moment at which it is no longer before the wanted time.
	low, high := wanted.Add(-15*time.Hour), wanted.Add(15*time.Hour)
	_, before := low.In(zone).Zone()
	direct := wanted.Add(-time.Duration(before) * time.Second)
	if wall(direct).Equal(wanted) {
		return direct
	}
	if !wall(direct).Before(wanted) {
		// Skipped: when the clock goes on.
		high = direct
		for high.Sub(low) > time.Second {
			middle := low.Add(high.Sub(low) / 2)
			if wall(middle).Before(wanted) {
				low = middle
			} else {
				high = middle
			}
		}
		return high.Truncate(time.Minute)
	}
	_, after := high.In(zone).Zone()
	return wanted.Add(-time.Duration(after) * time.Second)
}
