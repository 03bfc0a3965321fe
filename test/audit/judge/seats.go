package main

import "time"

// A decision that somebody made in the present round and has not taken back.
type decision struct {
	by        person
	isApprove bool
	stage     string
	at        time.Time
	// When its entry says that it was made.
	told      time.Time
	statement object
	// Groups that the directory lists people in, by the signed statement.
	directory map[person][]string
	tokens    []string
	roles     []string
	// Whether the directory, which nobody has asked for this, is taken to list everybody in every group.
	listsAll bool
	counts   bool
	round    int64
}

// requesterSide are those who never decide: the requester, who issued a machine's token, and whom the requester has delegated to.
func (c *change) requesterSide(until time.Time) []person {
	side := []person{c.requester}
	if c.issuedBy != nil {
		side = append(side, *c.issuedBy)
	}
	for _, d := range objectsIn(c.policy, "delegations") {
		since, end := momentIn(d, "since"), momentIn(d, "until")
		held := !since.After(until) && end.After(c.submittedAt)
		if held && personIn(objectIn(d, "from")) == c.requester {
			side = append(side, personIn(objectIn(d, "to")))
		}
	}
	return side
}

func isAmong(people []person, one person) bool {
	for _, p := range people {
		if p == one {
			return true
		}
	}
	return false
}

// rightsOf are those whose rights a decision may use: one's own, and of whoever has delegated and not decided in person.
func (c *change) rightsOf(d *decision, all []*decision) []person {
	rights := []person{d.by}
	if channelOf(d) != "" {
		// A delegation is used with a token only.
		return rights
	}
	side := c.requesterSide(d.at)
	for _, delegation := range objectsIn(c.policy, "delegations") {
		from := personIn(objectIn(delegation, "from"))
		holds := !momentIn(delegation, "since").After(d.at) && momentIn(delegation, "until").After(d.at)
		if !holds || personIn(objectIn(delegation, "to")) != d.by || isAmong(side, from) {
			continue
		}
		hasDecided := false
		for _, other := range all {
			hasDecided = hasDecided || other.by == from
		}
		if !hasDecided {
			rights = append(rights, from)
		}
	}
	return rights
}

// isIn says whether somebody is in a group of the policy, as a decision tells.
func (c *change) isIn(d *decision, whose person, group string) bool {
	source := objectOr(objectIn(c.policy, "groups"), group)
	if source == nil {
		return false
	}
	switch textIn(source, "source") {
	case "members":
		for _, m := range objectsIn(source, "members") {
			if personIn(m) == whose {
				return true
			}
		}
		return false
	case "directory":
		return d.listsAll || has(d.directory[whose], group)
	default:
		return whose == d.by && has(d.tokens, group)
	}
}

// mayTake says whether a decision may take a seat under somebody's right. No group: any approver.
func (c *change) mayTake(d *decision, whose person, group any) bool {
	if group == nil {
		return true
	}
	if escalation := objectOr(c.policy, "escalation"); escalation != nil && !c.escalatedAt.IsZero() {
		if c.isIn(d, whose, textIn(escalation, "group")) {
			return true
		}
	}
	return c.isIn(d, whose, group.(string))
}

// stage has for each of its seats the groups whose members may take it.
type stage struct {
	name  string
	seats [][]any
}

// stages are those of the policy; of a break-glass change one seat, for any of the policy's people, or none.
func (c *change) stages() []stage {
	var all []stage
	var anywhere []any
	for _, s := range objectsIn(c.policy, "stages") {
		one := stage{name: textIn(s, "name")}
		for _, g := range objectsIn(s, "groups") {
			anywhere = append(anywhere, g["group"])
			for n := int64(0); n < max(numberIn(g, "threshold"), 1); n++ {
				one.seats = append(one.seats, []any{g["group"]})
			}
		}
		all = append(all, one)
	}
	rule := objectOr(c.policy, "breakGlass")
	if !c.breakGlass || rule == nil || boolIn(c.policy, "standard") {
		return all
	}
	if numberIn(rule, "approvals") == 0 {
		return nil
	}
	return []stage{{name: "break-glass", seats: [][]any{anywhere}}}
}

// asksNobody says whether the policy approves the change by itself.
func (c *change) asksNobody() bool {
	rule := objectOr(c.policy, "breakGlass")
	return boolIn(c.policy, "standard") || c.breakGlass && rule != nil && numberIn(rule, "approvals") == 0
}

// filled is how many seats distinct people can take at once, each under a right of their own. A seat lists the groups that it is of.
func (c *change) filled(seats [][]any, said []*decision, all []*decision) int {
	people, rights := map[person]bool{}, map[person]bool{}
	best := 0
	var try func(seat, taken int)
	try = func(seat, taken int) {
		best = max(best, taken)
		if seat == len(seats) || taken+len(seats)-seat <= best {
			return
		}
		for _, d := range said {
			if people[d.by] {
				continue
			}
			for _, whose := range c.rightsOf(d, all) {
				if rights[whose] || !c.mayTakeAny(d, whose, seats[seat]) {
					continue
				}
				people[d.by], rights[whose] = true, true
				try(seat+1, taken+1)
				delete(people, d.by)
				delete(rights, whose)
			}
		}
		try(seat+1, taken)
	}
	try(0, 0)
	return best
}

func (c *change) mayTakeAny(d *decision, whose person, groups []any) bool {
	for _, group := range groups {
		if c.mayTake(d, whose, group) {
			return true
		}
	}
	return false
}

// counting are the decisions of this round that count.
func (c *change) counting() []*decision {
	var all []*decision
	for _, d := range c.decisions {
		if d.counts && d.round == c.round {
			all = append(all, d)
		}
	}
	return all
}

func saying(all []*decision, isApprove bool) []*decision {
	var some []*decision
	for _, d := range all {
		if d.isApprove == isApprove {
			some = append(some, d)
		}
	}
	return some
}

// seatsUpTo are the seats of the first n stages.
func seatsUpTo(stages []stage, n int) [][]any {
	var seats [][]any
	for _, s := range stages[:n] {
		seats = append(seats, s.seats...)
	}
	return seats
}

// openStage is the place of the first stage that is not complete; -1 where all are.
func (c *change) openStage(all []*decision) int {
	stages := c.stages()
	for n, s := range stages {
		seats := seatsUpTo(stages, n+1)
		if len(s.seats) == 0 || c.filled(seats, saying(all, true), all) < len(seats) {
			return n
		}
	}
	return -1
}

// anywhere are the groups of all seats.
func (c *change) anywhere() []any {
	var groups []any
	for _, s := range c.stages() {
		for _, seat := range s.seats {
			groups = append(groups, seat...)
		}
	}
	return groups
}

// outcome is what the decisions come to: pending, approved or rejected.
func (c *change) outcome() string {
	all := c.counting()
	switch {
	case c.isRejected(all):
		return "rejected"
	case c.asksNobody() && c.isSigned, !c.asksNobody() && len(c.stages()) > 0 && c.openStage(all) == -1:
		return "approved"
	}
	return "pending"
}

func (c *change) isRejected(all []*decision) bool {
	rejects := saying(all, false)
	reject := objectIn(c.policy, "reject")
	count := 0
	switch textIn(reject, "kind") {
	case "any":
		return len(rejects) > 0
	case "count":
		count = int(numberIn(reject, "count"))
	default:
		// More than half as many as the open stage has seats, of that stage.
		open := c.openStage(all)
		if open == -1 {
			return false
		}
		stage := c.stages()[open]
		count = len(stage.seats)/2 + 1
		var there []*decision
		for _, d := range rejects {
			if d.stage == stage.name {
				there = append(there, d)
			}
		}
		rejects = there
	}
	return len(rejects) > 0 && c.filled(places(count, c.anywhere()), rejects, all) >= count
}

func places(count int, groups []any) [][]any {
	all := make([][]any, count)
	for i := range all {
		all[i] = groups
	}
	return all
}

// isAwaited says whether somebody may decide: they have a right to a seat of the open stage, or to one of an earlier stage from
// which somebody would move to where a seat is free.
func (c *change) isAwaited(d *decision) bool {
	before := c.counting()
	stages := c.stages()
	with := append(append([]*decision{}, before...), d)
	open := c.openStage(before)
	if open == -1 {
		return false
	}
	for _, whose := range c.rightsOf(d, with) {
		for _, seat := range stages[open].seats {
			if c.mayTakeAny(d, whose, seat) {
				return true
			}
		}
	}
	seats := seatsUpTo(stages, open+1)
	said := saying(before, true)
	return c.filled(seats, append(append([]*decision{}, said...), d), with) > c.filled(seats, said, before)
}

// mayBeAsked says whether somebody has a right to any seat of the policy, now or once it is escalated, or may override a freeze. Whom
// the directory lists, nobody has written down here: it is taken to list everybody.
func (c *change) mayBeAsked(d *decision) bool {
	asked := *c
	asked.breakGlass = false
	if asked.escalatedAt.IsZero() {
		asked.escalatedAt = d.at
	}
	d.listsAll = true
	if group := objectOr(c.policy, "freezeOverride"); group != nil && c.isIn(d, d.by, textIn(group, "group")) {
		return true
	}
	for _, whose := range asked.rightsOf(d, nil) {
		for _, one := range asked.stages() {
			for _, seat := range one.seats {
				if asked.mayTakeAny(d, whose, seat) {
					return true
				}
			}
		}
	}
	return false
}
