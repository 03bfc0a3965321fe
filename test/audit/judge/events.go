package main

import "time"

// event judges an event of a change by the table of the lifecycle, and makes the next state.
func (j *judge) event(c *change, body object, kind string) {
	at := momentIn(body, "time")
	isAttempt := len(kind) > 8 && kind[:8] == "attempt."
	if c.phase == "closed" && kind == "change.closed" {
		j.bad("closed_twice")
		return
	}
	if c.phase == "closed" && kind != "review.signed" && (!isAttempt || kind == "attempt.started") {
		j.bad("after_close")
		return
	}
	statement := j.sayer(body, j.bad)
	switch kind {
	case "change.prechecked":
		c.prechecked(body, j.bad)
	case "change.refused", "change.withdrawn", "change.abandoned":
		c.ended(body, kind, statement, j.bad)
	case "change.expired":
		if !c.isPending() {
			j.bad("not_pending")
			return
		}
		if at.Before(c.decideBy.Add(-clocksApart)) {
			j.bad("expired_early")
		}
		c.end("expired")
	case "decision.approved", "decision.rejected":
		c.decided(body, kind == "decision.approved", statement, at, j.bad)
	case "decision.withdrawn":
		c.tookBack(body, statement, at, j.bad)
	case "change.reminded":
		if c.phase != "deciding" {
			j.bad(c.notPending())
		}
	case "change.escalated":
		c.escalate(body, at, j.bad)
	case "change.scheduled":
		c.scheduled(body, at, j.bad)
	case "decision.lapsed":
		c.lapse(body, j.bad)
	case "change.held":
		if c.phase != "scheduled" && c.phase != "running" {
			j.bad(c.notApproved())
			return
		}
		c.toldOfCall(body, j.bad)
		c.phase = "scheduled"
	case "change.drifted":
		if !c.isApproved() {
			j.bad(c.notApproved())
			return
		}
		c.toldOfCall(body, j.bad)
		c.phase, c.digest, c.lapsed = "reading", "", false
	case "change.paused", "change.resumed", "change.retried":
		c.steered(body, kind, statement, j.bad)
	case "attempt.started":
		j.started(c, body, at)
	case "attempt.succeeded", "attempt.failed", "attempt.unknown":
		j.answered(c, body, kind[8:], at)
	case "change.reconciled":
		if !c.mayHaveCalled() {
			j.bad("closed_otherwise")
		}
		c.reconciled = true
	case "change.closed":
		c.closed(body, j.bad)
		c.toldOutcome(body, at, j.bad)
		for _, a := range c.attempts {
			// What the change came to is the doing of one of these.
			if !a.ended && c.closedAs == "succeeded" {
				j.wasAllowed(c, a, a.startedAt)
			}
		}
	case "review.signed":
		c.reviewed(statement, j.bad)
	}
}

// notPending is the code of what only happens while people are asked.
func (c *change) notPending() string {
	if c.phase == "reading" {
		return "out_of_order"
	}
	return "not_pending"
}

// notApproved is the code of what only happens after an approval.
func (c *change) notApproved() string {
	if c.isPending() {
		return "not_approved"
	}
	return "out_of_order"
}

// toldOfCall judges that a call which an entry tells of has an attempt.
func (c *change) toldOfCall(body object, bad report) {
	called, _ := body["called"].(bool)
	if called && len(c.attempts) == 0 {
		bad("attempt_not_started")
	}
	c.toldCalled = c.toldCalled || called
}

func (c *change) prechecked(body object, bad report) {
	round := numberIn(body, "round")
	if c.phase == "ending" {
		bad("out_of_order")
		return
	}
	if c.phase != "reading" {
		bad("round_out_of_order")
		return
	}
	if round != c.round+1 {
		bad("round_out_of_order")
	}
	wanted := digestOf(with(c.asked(), object{"snapshot": body["snapshot"], "round": body["round"]}))
	if !equal(body["digest"], wanted) {
		bad("digest_differs")
	}
	c.ticketShown(bad)
	c.digest, c.round, c.snapshot = textIn(body, "digest"), round, body["snapshot"]
	if round > 1 {
		c.roundBegan = momentIn(body, "time")
	}
	c.phase = "deciding"
	c.decideAnew()
}

// ended judges a word that ends a change, or a refusal by the precheck.
func (c *change) ended(body object, kind string, statement object, bad report) {
	code := textOr(body, "code")
	isEngine := isWorkers(body) && (code == "host_cancelled" || code == "workflow_cancelled") && kind != "change.refused"
	if c.phase == "ending" {
		bad(map[bool]string{true: "not_pending", false: "out_of_order"}[kind == "change.refused"])
		return
	}
	if statement == nil {
		isPrecheck := kind == "change.refused" && objectIn(body, "actor")["process"] != nil
		if !isPrecheck && !isEngine {
			bad("statement_missing")
		}
		if isPrecheck && c.phase != "reading" {
			bad("out_of_order")
			return
		}
	}
	switch {
	case kind == "change.refused":
		if statement != nil && !isOf(statement, "admin") {
			bad("not_pending")
		}
		if statement != nil && c.called() {
			bad("withdrawn_after_call")
		}
		c.end("refused")
	case kind == "change.withdrawn":
		if c.called() {
			bad("withdrawn_after_call")
		}
		if statement != nil && code != "taken_over" && !isOf(statement, "operator") && personIn(objectIn(statement, "person")) != c.requester {
			bad("not_by_operator")
		}
		c.end("withdrawn")
	default:
		role := "operator"
		if code == "policy_revoked" {
			role = "admin"
		}
		if statement != nil && !isOf(statement, role) {
			bad("not_by_operator")
		}
		if !c.wasApproved {
			bad("not_approved")
		}
		status := "withdrawn"
		if code == "policy_revoked" {
			status = "refused"
		}
		if c.isApproved() {
			status = "approved"
		}
		c.end(status)
	}
}

// isWorkers says whether the worker tells something that nobody has said.
func isWorkers(body object) bool {
	_, hasStatement := body["statement"]
	return objectIn(body, "actor")["process"] == "worker" && !hasStatement
}

func isOf(statement object, role string) bool {
	return has(textsIn(objectIn(statement, "person"), "roles"), role)
}

// steered judges a pause, a resume or a retry of an operator's.
func (c *change) steered(body object, kind string, statement object, bad report) {
	byItself := isWorkers(body) && kind == "change.paused" && textOr(body, "code") == "stop_word_stands"
	if statement == nil && !byItself {
		bad("statement_missing")
	}
	if statement != nil && !isOf(statement, "operator") {
		bad("not_by_operator")
	}
	if c.phase == "ending" {
		bad("out_of_order")
		return
	}
	if c.isPending() && !c.wasApproved {
		bad("not_approved")
		return
	}
	switch {
	case kind == "change.paused" && !c.isPending():
		c.isPaused, c.phase = true, "paused"
	case kind == "change.paused":
		c.isPaused = true
	case kind == "change.resumed":
		c.isPaused = false
		if c.phase == "paused" {
			c.phase = "scheduled"
		}
	case c.phase == "paused":
		bad("out_of_order")
	}
}

func (c *change) scheduled(body object, at time.Time, bad report) {
	if c.phase != "deciding" {
		bad(c.notPending())
		return
	}
	if c.outcome() != "approved" {
		bad("scheduled_without_approval")
	}
	// Execute-by as asked for; otherwise it counts from the first approval, or from execute-after where that is later.
	wanted := momentOr(c.request, "executeBy")
	if wanted.IsZero() {
		wanted = c.executeBy
	}
	if wanted.IsZero() {
		from := at
		if c.executeAfter.After(at) {
			from = c.executeAfter
		}
		wanted = from.Add(time.Duration(numberIn(c.request, "executeWithinMs")) * time.Millisecond)
	}
	if !momentIn(body, "executeBy").Equal(wanted) {
		bad("attempt_out_of_time")
	}
	standard, _ := body["standard"].(bool)
	_, isBool := c.policy["standard"].(bool)
	breaks, isTold := body["breakGlass"].(bool)
	_, isStandard := body["standard"].(bool)
	if !equal(body["executeAfter"], c.request["executeAfter"]) || !isTold || breaks != c.breakGlass ||
		isBool && (!isStandard || standard != boolIn(c.policy, "standard")) {
		bad("scheduled_otherwise")
	}
	c.executeBy = wanted
	c.phase = "scheduled"
	if c.isPaused {
		c.phase = "paused"
	}
	c.wasApproved = true
	if c.breakGlass {
		c.review = "owed"
	}
	c.ticket.approved()
}

func (c *change) escalate(body object, at time.Time, bad report) {
	if c.phase != "deciding" {
		bad(c.notPending())
		return
	}
	escalation := objectOr(c.policy, "escalation")
	due := false
	if escalation != nil {
		after := time.Duration(numberIn(escalation, "afterMs")) * time.Millisecond
		due = c.lapsed || !at.Before(c.roundBegan.Add(after-clocksApart))
		due = due && equal(body["group"], escalation["group"])
	}
	since := at
	if !c.escalatedAt.IsZero() {
		since = c.escalatedAt
	}
	if !due || !momentIn(body, "escalatedAt").Equal(since) {
		bad("escalation_not_due")
	}
	c.escalatedAt = since
	c.decideAnew()
}

// lapse takes from approvals what their people have no more.
func (c *change) lapse(body object, bad report) {
	if !c.isApproved() {
		bad(c.notApproved())
		return
	}
	if c.mayHaveCalled() {
		bad("not_approved")
		return
	}
	all := boolIn(body, "all")
	var left []person
	for _, one := range objectsIn(body, "lapsed") {
		left = append(left, personIn(one))
	}
	for _, d := range c.counting() {
		if all && d.isApprove || isAmong(left, d.by) {
			d.counts = false
		}
	}
	for _, one := range objectsIn(body, "narrowed") {
		for _, d := range c.counting() {
			if d.by == personIn(one) {
				d.directory = directoryIn(one)
			}
		}
	}
	c.phase, c.lapsed = "deciding", true
	c.decideAnew()
}

// closed judges that the end is what happened says.
func (c *change) closed(body object, bad report) {
	decided, executed := textIn(body, "decisionStatus"), textIn(body, "executionStatus")
	isApproved, wanted := c.isApproved(), c.decisionStatus
	switch {
	case c.phase == "ending":
		isApproved = c.approvedAtEnd
	case isApproved:
		wanted = "approved"
	case textOr(objectIn(body, "outcome"), "code") == "workflow_ended":
		wanted = "withdrawn"
	default:
		wanted = "pending"
	}
	isOrphan := textOr(objectIn(body, "outcome"), "code") == "workflow_ended"
	hasOpen := false
	for _, a := range c.attempts {
		hasOpen = hasOpen || !a.ended
	}
	idle := "not_started"
	if isApproved {
		idle = "cancelled"
	}
	var may []string
	switch {
	case c.succeeded() || c.reconciled:
		may = []string{"succeeded"}
	case c.called():
		may = []string{"failed", "outcome_unknown"}
	case hasOpen && isOrphan || !hasOpen:
		may = []string{idle}
	case idle == "not_started":
		may = []string{idle}
	}
	if hasOpen && !c.succeeded() && !c.reconciled {
		may = append(may, "outcome_unknown")
	}
	if isApproved && !c.succeeded() && !c.reconciled {
		// A call may also be given up before it leaves.
		may = append(may, "failed")
	}
	if decided != wanted || !has(may, executed) {
		bad("closed_otherwise")
	}
	c.phase, c.closedAs = "closed", executed
	if executed == "cancelled" || executed == "not_started" {
		c.review = ""
	}
}

// reviewed judges the review of a break-glass change.
func (c *change) reviewed(statement object, bad report) {
	if statement == nil {
		bad("statement_missing")
		return
	}
	by := personIn(objectIn(statement, "person"))
	may := c.phase == "closed" && c.review == "owed" && by != c.requester && !(c.issuedBy != nil && by == *c.issuedBy)
	for _, d := range c.decisions {
		may = may && d.by != by
	}
	d := newDecision(statement, true)
	isReader := isOf(statement, "auditor") || isOf(statement, "operator") || isOf(statement, "approver")
	isReader = isReader && channelOf(d) == "" && objectIn(statement, "person")["issuedBy"] == nil
	isReader = isReader && (isOf(statement, "auditor") || isOf(statement, "operator") || c.mayBeAsked(d))
	if !may || !isReader {
		bad("review_not_allowed")
		return
	}
	c.review = "signed"
}
