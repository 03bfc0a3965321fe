package main

import "time"

// started judges that a call was to be made now.
func (j *judge) started(c *change, body object, at time.Time) {
	members := objectIn(body, "attempt")
	ordinal := numberIn(members, "ordinal")
	if c.phase != "scheduled" && c.phase != "running" {
		if c.phase == "paused" {
			j.bad("out_of_order")
		} else {
			j.bad("attempt_without_approval")
		}
	}
	if ordinal != int64(len(c.attempts))+1 || c.succeeded() || c.reconciled {
		j.bad("attempt_out_of_order")
	}
	if !equal(body["digest"], c.digest) || numberIn(body, "round") != c.round {
		j.bad("digest_differs")
	}
	isEarly := !c.executeAfter.IsZero() && at.Add(clocksApart).Before(c.executeAfter)
	isLate := !c.executeBy.IsZero() && !at.Before(c.executeBy.Add(clocksApart))
	if isEarly || isLate {
		j.bad("attempt_out_of_time")
	}
	since := c.submittedAt
	for _, d := range c.counting() {
		if d.told.After(since) {
			since = d.told
		}
	}
	if at.Before(since.Add(-clocksApart)) {
		j.bad("attempt_out_of_time")
	}
	c.ticketBefore(at, j.bad)
	a := &attempt{ordinal: ordinal, index: j.index, startedAt: at, digest: textOr(body, "digest"), outcome: "open"}
	for _, f := range j.freezes {
		if !f.lifted {
			a.freezes = append(a.freezes, f)
		}
	}
	a.revoked = j.revoked[textIn(c.policyName, "digest")]
	a.calendars = j.calendars
	a.stopped = c.stands != "going"
	c.attempts = append(c.attempts, a)
	if c.phase == "scheduled" {
		c.phase = "running"
	}
}

func (j *judge) answered(c *change, body object, outcome string, at time.Time) {
	members := objectIn(body, "attempt")
	ordinal := numberIn(members, "ordinal")
	var a *attempt
	for _, one := range c.attempts {
		if one.ordinal == ordinal {
			a = one
		}
	}
	if a == nil {
		j.bad("attempt_not_started")
		return
	}
	if a.ended && c.isOver() {
		j.bad("attempt_not_started")
		return
	}
	if a.ended {
		j.bad("attempt_ended_twice")
		return
	}
	a.ended, a.outcome, a.endedAt, a.requestID = true, outcome, at, members["requestId"]
	isUnsent, isAnswered := textOr(members, "code") == "not_sent", members["requestId"] != nil || members["httpStatus"] != nil
	isBad := outcome == "succeeded" && members["httpStatus"] != nil && numberIn(members, "httpStatus") >= 300
	if isUnsent && (outcome != "failed" || isAnswered) || isBad {
		j.bad("answer_differs")
	}
	// Of a bundled operation's service alone it is known that a RequestId is of one call.
	if id := textOr(members, "requestId"); id != "" && bundledFor(c.request) != nil {
		if of, known := j.requestIDs[id]; known && of != c.id {
			j.bad("request_id_repeated")
		} else {
			j.requestIDs[id] = c.id
		}
	}
	a.called = outcome != "failed" || !isUnsent || isAnswered
	c.ticket.answered()
	if !a.called {
		return
	}
	sent := at
	if members["sentAt"] == nil {
		sent = a.startedAt
	} else {
		moment, ok := readMoment(textIn(members, "sentAt"))
		if !ok || moment.Before(a.startedAt.Add(-clocksApart)) || moment.After(at.Add(clocksApart)) {
			j.bad("attempt_out_of_time")
			return
		}
		sent = moment
	}
	if a.stopped || c.phase == "closed" && (c.closedAs == "cancelled" || c.closedAs == "not_started") {
		j.bad("called_after_stop")
	}
	j.wasAllowed(c, a, sent)
}

// wasAllowed judges that a call was allowed to leave when it left.
func (j *judge) wasAllowed(c *change, a *attempt, sent time.Time) {
	isEarly := !c.executeAfter.IsZero() && sent.Add(clocksApart).Before(c.executeAfter)
	isLate := !c.executeBy.IsZero() && !sent.Before(c.executeBy.Add(clocksApart))
	if isEarly || isLate {
		j.bad("attempt_out_of_time")
	}
	if a.revoked {
		j.bad("called_under_revoked_policy")
	}
	if j.isFrozen(c, a, sent) {
		j.bad("called_in_freeze")
	}
	if !isOpen(objectsIn(c.policy, "windows"), sent) {
		j.bad("called_outside_window")
	}
}

// word judges a word to stop, or to go on after a pause, that the API has accepted.
func (c *change) word(body object, statement object, bad report) {
	stop := objectIn(body, "stop")
	word := textIn(stop, "word")
	if statement == nil {
		bad("statement_missing")
		return
	}
	isRequester := word == "withdraw" && personIn(objectIn(statement, "person")) == c.requester
	if word != "take_over" && !isOf(statement, "operator") && !isRequester {
		bad("not_by_operator")
	}
	var under int64
	if stop["callUnderWay"] != nil {
		under = numberIn(stop, "callUnderWay")
	}
	fits := c.stands == "going" && word != "resume" || c.stands == "paused" && word != "pause"
	if !fits || numberIn(stop, "ordinal") != int64(len(c.words))+1 || (textIn(body, "type") == "stop.lifted") != (word == "resume") {
		bad("stop_out_of_order")
	}
	if (word == "withdraw" || word == "take_over") && c.called() {
		bad("withdrawn_after_call")
	}
	c.words = append(c.words, word)
	switch word {
	case "pause":
		c.stands = "paused"
	case "resume":
		c.stands = "going"
	default:
		c.stands = "final"
	}
	for _, a := range c.attempts {
		switch {
		case word == "resume":
			a.stopped = false
		case !a.ended && a.ordinal != under:
			// Not sent before the word: while it stands, it is not sent.
			a.stopped = true
		}
	}
}
