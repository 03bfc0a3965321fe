package main

import "time"

// change is what the entries of one change have made of it.
type change struct {
	id, target, operation string
	request               object
	policy                object
	policyName            object
	requester             person
	requesterMembers      object
	issuedBy              *person
	isSigned              bool
	breakGlass            bool
	submittedAt, decideBy time.Time
	executeAfter          time.Time
	executeBy             time.Time

	phase       string
	wasApproved bool
	digest      string
	round       int64
	snapshot    any
	decisions   []*decision
	takenBack   map[person]int
	escalatedAt time.Time
	roundBegan  time.Time
	lapsed      bool
	// How it ended, as far as that is told: the decision's status, and whether it was approved then.
	decisionStatus string
	approvedAtEnd  bool
	isPaused       bool

	attempts   []*attempt
	reconciled bool
	toldCalled bool
	review     string
	closedAs   string

	words  []string
	stands string
	said   map[string]bool
	// The tickets that it has, by system and name or id.
	tickets []string
	// What of stop words each entry has to follow.
	ticket ticketState
}

type attempt struct {
	ordinal   int64
	index     int
	startedAt time.Time
	digest    string
	ended     bool
	outcome   string
	called    bool
	endedAt   time.Time
	requestID any
	// Facts that stood in the log before it began.
	freezes   []*freeze
	revoked   bool
	calendars []calendarFile
	// Whether a word had stopped the change while it was not sent.
	stopped bool
}

func (c *change) called() bool {
	if c.toldCalled {
		return true
	}
	for _, a := range c.attempts {
		if a.called {
			return true
		}
	}
	return false
}

func (c *change) mayHaveCalled() bool {
	if c.toldCalled {
		return true
	}
	for _, a := range c.attempts {
		if a.called || !a.ended {
			return true
		}
	}
	return false
}

func (c *change) succeeded() bool {
	for _, a := range c.attempts {
		if a.outcome == "succeeded" {
			return true
		}
	}
	return false
}

// isOver says whether a change has ended, and neither an answer nor a review is to come.
func (c *change) isOver() bool {
	for _, a := range c.attempts {
		if !a.ended {
			return false
		}
	}
	return c.phase == "closed" && c.review != "owed"
}

func (c *change) isPending() bool  { return c.phase == "reading" || c.phase == "deciding" }
func (c *change) isApproved() bool { return has([]string{"scheduled", "running", "paused"}, c.phase) }

// end moves the change to its ending.
func (c *change) end(decisionStatus string) {
	c.approvedAtEnd = c.isApproved()
	c.decisionStatus = decisionStatus
	c.phase = "ending"
}

// decideAnew ends a change whose rejects are complete.
func (c *change) decideAnew() {
	if c.phase == "deciding" && c.outcome() == "rejected" {
		c.end("rejected")
	}
}

// asked are the members that the digests cover.
func (c *change) asked() object {
	r := c.request
	return object{
		"operation":       object{"name": r["operation"], "version": r["operationVersion"], "inputSchema": r["inputSchemaDigest"]},
		"input":           r["input"],
		"target":          object{"id": r["target"], "scope": r["scope"], "label": r["label"]},
		"requester":       c.requesterMembers,
		"justification":   r["justification"],
		"ticket":          r["ticket"],
		"breakGlass":      r["breakGlass"],
		"decideBy":        r["decideBy"],
		"executeAfter":    r["executeAfter"],
		"executeBy":       r["executeBy"],
		"executeWithinMs": r["executeWithinMs"],
		"policy":          c.policy,
	}
}

func with(members object, more object) object {
	all := object{}
	for k, v := range members {
		all[k] = v
	}
	for k, v := range more {
		all[k] = v
	}
	return all
}
