package main

import "time"

const oldestTicket = 2 * time.Minute

// ticketState is which ticket of a change was read first, and what was read of it last.
type ticketState struct {
	firstID string
	// right says that the last read before a call found it right, since the approval and the last answer; at is when it was read.
	right bool
	at    time.Time
	// rightAtPrecheck says the same of the last precheck.
	rightAtPrecheck bool
}

func (t *ticketState) approved() { t.right = false }
func (t *ticketState) answered() { t.right = false }

// ticketRule is what the policy asks of the ticket; null where nothing is asked.
func (c *change) ticketRule() object {
	rule := objectOr(c.policy, "ticket")
	if rule == nil || !boolIn(rule, "required") && c.request["ticket"] == nil {
		return nil
	}
	return rule
}

func (c *change) ticketShown(bad report) {
	if c.ticketRule() != nil && !c.ticket.rightAtPrecheck {
		bad("ticket_not_checked")
	}
	c.ticket.rightAtPrecheck = false
}

func (c *change) ticketBefore(at time.Time, bad report) {
	if c.ticketRule() == nil {
		return
	}
	if !c.ticket.right || at.Sub(c.ticket.at) > oldestTicket {
		bad("ticket_not_checked")
	}
	c.ticket.right = false
}

// ticketChecked judges again what was read.
func (c *change) ticketChecked(body object, bad report) {
	rule := c.ticketRule()
	if rule == nil {
		return
	}
	point := textIn(body, "point")
	must(point == "precheck" || point == "before_call", "another point")
	verdict := textOr(body, "verdict")
	read := objectOr(body, "read")
	if !c.isRightVerdict(rule, point, verdict, read, momentIn(body, "time")) {
		bad("ticket_misjudged")
	}
	if read != nil {
		id := textIn(read, "id")
		if c.ticket.firstID == "" {
			c.ticket.firstID = id
		}
		if id != c.ticket.firstID {
			bad("ticket_differs")
		}
	}
	if point == "precheck" {
		c.ticket.rightAtPrecheck = verdict == ""
		return
	}
	c.ticket.right = verdict == "" && read != nil
	if read != nil {
		c.ticket.at = momentIn(read, "at")
	}
}

func (c *change) isRightVerdict(rule object, point, verdict string, read object, at time.Time) bool {
	if read == nil {
		return verdict == "ticket_unreachable" || verdict == "ticket_not_found"
	}
	for _, name := range []string{"system", "id", "key", "type", "project", "state", "phase", "at"} {
		textIn(read, name)
	}
	times := textIn(read, "times")
	must(times == "zoned" || times == "utc", "times are written in another way")
	lacks := c.lacks(rule, point, read, at)
	if len(lacks) > 0 {
		return verdict == lacks[0]
	}
	return verdict == "" || verdict == "ticket_taken" && point == "precheck"
}

// lacks are the codes of all that a ticket lacks.
func (c *change) lacks(rule object, point string, read object, at time.Time) []string {
	var codes []string
	lack := func(isLacking bool, code string) {
		if isLacking {
			codes = append(codes, code)
		}
	}
	fields := objectIn(read, "fields")
	isOneOf := func(name string, value any) bool {
		text, ok := value.(string)
		return rule[name] == nil || ok && has(textsIn(rule, name), text)
	}
	// In this order: the first is the verdict.
	lack(textIn(read, "system") != textIn(rule, "system"), "ticket_not_allowed")
	lack(!isOneOf("projects", read["project"]) || !isOneOf("types", read["type"]), "ticket_not_allowed")
	if same := objectOr(rule, "sameTarget"); same != nil {
		var wanted any = c.target
		if same["member"] != nil {
			wanted = objectIn(c.request, "scope")[textIn(same, "member")]
		}
		lack(fields[textIn(same, "field")] == nil || !equal(fields[textIn(same, "field")], wanted), "ticket_other_target")
	}
	phase := textIn(read, "phase")
	lack(phase == "done" || phase == "cancelled", "ticket_closed")
	lack(boolIn(read, "onHold"), "ticket_on_hold")
	lack(!isOneOf("states", read["state"]), "ticket_not_allowed")
	lack(boolIn(rule, "approved") && read["approved"] != true, "ticket_not_approved")
	if window := objectOr(rule, "window"); window != nil {
		start, ok1 := ticketTime(fields[textIn(window, "start")], textIn(read, "times"))
		end, ok2 := ticketTime(fields[textIn(window, "end")], textIn(read, "times"))
		isEarly := at.Before(start) && point != "precheck"
		lack(!ok1 || !ok2 || isEarly || !at.Before(end) || !start.Before(end), "ticket_outside_window")
	}
	return codes
}

func ticketTime(value any, form string) (time.Time, bool) {
	text, ok := value.(string)
	if !ok {
		return time.Time{}, false
	}
	layouts := []string{"2006-01-02T15:04:05.999Z07:00", "2006-01-02T15:04:05.999Z0700", "2006-01-02T15:04Z07:00"}
	if form == "utc" {
		layouts = []string{"2006-01-02 15:04:05"}
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
