package main

import "time"

// judge reads a log from its first entry on.
type judge struct {
	keys      trustedKeys
	findings  []finding
	changes   map[string]*change
	order     []*change
	policies  map[string]object
	revoked   map[string]bool
	freezes   map[string]*freeze
	calendars []calendarFile
	tokens    map[string]*token
	// Whose a RequestId and an Idempotency-Key are.
	requestIDs map[string]string
	keysOf     map[string]bool
	index      int
}

func newJudge(keys trustedKeys) *judge {
	return &judge{keys: keys, changes: map[string]*change{}, policies: map[string]object{}, revoked: map[string]bool{},
		freezes: map[string]*freeze{}, tokens: map[string]*token{}, requestIDs: map[string]string{}, keysOf: map[string]bool{}}
}

func (j *judge) bad(code string) { j.findings = append(j.findings, finding{j.index, code}) }

// entry judges one entry of the log. @param seen by when a witness had seen it, or zero
func (j *judge) entry(index int, raw []byte, seen time.Time) {
	j.index = index
	defer func() {
		if problem := recover(); problem != nil {
			if _, ok := problem.(malformed); !ok {
				panic(problem)
			}
			j.bad("malformed")
		}
	}()
	body, err := readEntry(raw)
	if err != nil {
		j.bad("entry")
		return
	}
	if !seen.IsZero() && momentIn(body, "time").After(seen.Add(clocksApart)) {
		j.bad("dated_after_witness")
	}
	j.writer(body)
	j.speaker(body)
	if j.fact(body) {
		return
	}
	if body["changeId"] == nil {
		return
	}
	j.ofChange(body)
}

// otherProcesses write these of a change, beside those that the API signs as a whole; the worker writes all others.
var otherProcesses = []string{"stop.requested", "stop.lifted", "ticket.linked", "ticket.diverged"}

// ofChange judges an entry of a change, and then makes the change of it.
func (j *judge) ofChange(body object) {
	id, kind := textIn(body, "changeId"), textIn(body, "type")
	c := j.changes[id]
	if kind == "change.requested" {
		if c != nil {
			j.bad("requested_twice")
			return
		}
		j.requested(body)
		return
	}
	if kind == "decision.refused" || kind == "request.refused" || kind[:6] == "audit." || len(kind) > 10 && kind[:10] == "integrity." {
		return
	}
	if c == nil {
		j.bad("not_requested")
		return
	}
	if _, isApis := signedTypes[kind]; !isApis && !has(otherProcesses, kind) {
		if policy, named := body["policy"]; named && !equal(policy, c.policyName) {
			j.bad("policy_differs")
		}
		if !equal(body["operation"], c.operation) || !equal(body["target"], c.target) {
			j.bad("operation_differs")
		}
	}
	if c.isOver() && (kind == "stop.requested" || kind == "stop.lifted" || kind == "ticket.checked") {
		// Of a change that has ended, and owes nothing, only events are judged.
		return
	}
	switch kind {
	case "stop.requested", "stop.lifted":
		c.word(body, j.sayer(body, j.bad), j.bad)
		return
	case "freeze.overridden":
		j.overridden(c, body)
		return
	case "ticket.checked":
		c.ticketChecked(body, j.bad)
		if read := objectOr(body, "read"); read != nil && c.ticketRule() != nil && body["verdict"] == nil && textIn(body, "point") == "precheck" && c.phase != "closed" {
			j.takeTicket(c, textIn(read, "system"), textIn(read, "id"))
		}
		return
	case "ticket.linked", "ticket.diverged":
		return
	}
	j.event(c, body, kind)
}
