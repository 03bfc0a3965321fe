package main

import (
	"strings"
	"time"
)

const mostTakenBack = 5

func directoryIn(o object) map[person][]string {
	listed := map[person][]string{}
	for _, one := range objectsIn(o, "directory") {
		listed[personIn(one)] = textsIn(one, "groups")
	}
	return listed
}

func newDecision(statement object, isApprove bool) *decision {
	by := objectIn(statement, "person")
	return &decision{
		by: personIn(by), isApprove: isApprove, statement: statement, at: momentIn(statement, "at"), counts: true,
		directory: directoryIn(statement), tokens: textsIn(by, "groups"), roles: textsIn(by, "roles"),
	}
}

// decided judges an approval or a reject by the rules of the service.
func (c *change) decided(body object, isApprove bool, statement object, at time.Time, bad report) {
	if statement == nil {
		bad("statement_missing")
		return
	}
	if c.phase == "reading" || c.phase == "deciding" && (numberIn(body, "round") != c.round || numberIn(statement, "round") != c.round) {
		bad("decision_not_awaited")
		return
	}
	for _, shown := range []struct {
		name string
		is   any
	}{{"input", c.request["input"]}, {"snapshot", c.snapshot}} {
		if _, isThere := body[shown.name]; isThere && c.phase == "deciding" && !equal(body[shown.name], shown.is) {
			bad("shown_differs")
			break
		}
	}
	d := newDecision(statement, isApprove)
	d.round, d.told = c.round, at
	for _, other := range c.counting() {
		if c.phase == "deciding" && other.by == d.by && other.isApprove == isApprove {
			bad("decision_not_awaited")
			return
		}
	}
	if c.phase != "deciding" || !equal(statement["digest"], c.digest) || !c.mayDecide(d, at) {
		bad("decision_not_allowed")
		return
	}
	if open := c.openStage(c.counting()); open >= 0 {
		d.stage = c.stages()[open].name
	}
	c.decisions = append(c.decisions, d)
	c.decideAnew()
}

func (c *change) mayDecide(d *decision, at time.Time) bool {
	for _, other := range c.counting() {
		if other.by == d.by {
			return false
		}
	}
	return c.outcome() == "pending" && at.Before(c.decideBy) && has(d.roles, "approver") &&
		!isAmong(c.requesterSide(at), d.by) && c.takenBack[d.by] < mostTakenBack && c.isAwaited(d) &&
		c.isStrongEnough(d, at) && c.mayByChannel(d) && c.hasComment(d)
}

func (c *change) hasComment(d *decision) bool {
	required := textOr(c.policy, "commentRequired")
	isAsked := required == "always" || required == "reject" && !d.isApprove
	return !isAsked || strings.TrimSpace(textOr(d.statement, "comment")) != ""
}

// channelOf is the chat or the ticket system by which somebody has decided; "" with a token.
func channelOf(d *decision) string {
	for _, method := range textsIn(objectIn(objectIn(d.statement, "person"), "authentication"), "methods") {
		if name, isChannel := strings.CutPrefix(method, "via:"); isChannel {
			return name
		}
	}
	return ""
}

func (c *change) mayByChannel(d *decision) bool {
	name := channelOf(d)
	if name == "" {
		return true
	}
	told := objectIn(objectIn(d.statement, "person"), "authentication")
	if len(d.tokens) > 0 || len(listIn(told, "methods")) != 1 || told["at"] != nil {
		// A channel knows the account alone: no groups of a token, and no login.
		return false
	}
	for _, channel := range objectsIn(c.policy, "channels") {
		if textIn(channel, "name") == name {
			return !d.isApprove || textIn(channel, "mode") == "decide"
		}
	}
	return false
}

// isStrongEnough judges how somebody has logged in. What a token does not tell of is weak and old.
func (c *change) isStrongEnough(d *decision, at time.Time) bool {
	asked := objectOr(c.policy, "authentication")
	if asked == nil {
		return true
	}
	told := objectIn(objectIn(d.statement, "person"), "authentication")
	isStrong := asked["methods"] == nil
	for _, method := range textsIn(told, "methods") {
		isStrong = isStrong || has(textsIn(asked, "methods"), method)
	}
	if asked["maxAgeSeconds"] == nil {
		return isStrong
	}
	since := momentOr(told, "at")
	age := at.Sub(since)
	return isStrong && !since.IsZero() && age >= -time.Minute && age <= time.Duration(numberIn(asked, "maxAgeSeconds"))*time.Second
}

// tookBack judges that somebody takes back their own decision, while its stage is open.
func (c *change) tookBack(body object, statement object, at time.Time, bad report) {
	if statement == nil {
		bad("statement_missing")
		return
	}
	if c.phase != "deciding" {
		bad(c.notPending())
		return
	}
	by := personIn(objectIn(statement, "person"))
	all := c.counting()
	stages := c.stages()
	open := c.openStage(all)
	for _, d := range all {
		if d.by != by {
			continue
		}
		isOpen := open >= 0 && stages[open].name == d.stage
		if c.outcome() == "pending" && isOpen && isOf(statement, "approver") && channelOf(newDecision(statement, true)) == "" && at.Before(c.decideBy) {
			d.counts = false
			c.takenBack[by]++
			c.decideAnew()
			return
		}
	}
	bad("decision_not_allowed")
}
