package main

import (
	"strings"
	"time"
)

// longest is how far ahead the clocks of a request, and the end of a token, may lie.
const longest = 366 * 24 * time.Hour

// requested judges what was asked for, and by whom.
func (j *judge) requested(body object) {
	name := objectIn(body, "policy")
	policy := j.policies[textIn(name, "digest")]
	if policy == nil {
		j.bad("policy_not_pinned")
	} else if !equal(name, object{"name": policy["name"], "version": policy["version"], "digest": policy["digest"]}) {
		j.bad("policy_differs")
	}
	c := &change{
		id: textIn(body, "changeId"), target: textIn(body, "target"), operation: textIn(body, "operation"),
		request: body, policy: policy, policyName: name, breakGlass: boolIn(body, "breakGlass"),
		submittedAt: momentIn(body, "submittedAt"), decideBy: momentIn(body, "decideBy"), executeAfter: momentOr(body, "executeAfter"),
		phase: "reading", takenBack: map[person]int{}, said: map[string]bool{}, stands: "going",
	}
	if policy == nil {
		return
	}
	j.changes[c.id] = c
	j.order = append(j.order, c)
	statement := j.sayer(body, j.bad)
	c.requesterMembers = objectIn(body, "actor")
	if statement != nil {
		c.isSigned = true
		c.requesterMembers = objectIn(statement, "person")
	}
	c.requester = personIn(c.requesterMembers)
	if by := objectOr(c.requesterMembers, "issuedBy"); by != nil {
		issuer := personIn(by)
		c.issuedBy = &issuer
	}
	if statement != nil {
		wanted := digestOf(with(c.asked(), object{"submittedAt": body["submittedAt"]}))
		if !equal(statement["digest"], wanted) {
			j.bad("statement_differs")
		}
		if !isOf(statement, "requester") {
			j.bad("not_by_requester")
		}
		latest := c.submittedAt.Add(longest + clocksApart)
		if c.decideBy.After(latest) || c.executeAfter.After(latest) || momentOr(body, "executeBy").After(latest) {
			j.bad("requested_otherwise")
		}
		j.token(c, c.submittedAt)
	} else {
		j.host(c, body)
	}
	j.target(body)
	j.owed(c)
	j.brokenBy(c)
	j.opened(c)
	j.keyed(c)
	c.roundBegan = c.submittedAt
}

// keyed judges that a person asks for one change alone with an Idempotency-Key.
func (j *judge) keyed(c *change) {
	if idempotency := objectOr(c.request, "idempotency"); idempotency != nil {
		key := c.requester.issuer + "\n" + c.requester.subject + "\n" + textIn(idempotency, "key")
		if j.keysOf[key] {
			j.bad("idempotency_key_repeated")
		}
		j.keysOf[key] = true
	}
}

// host judges a request that the API has not signed: a workflow's.
func (j *judge) host(c *change, body object) {
	host, isObject := body["host"].(object)
	for _, name := range []string{"namespace", "workflowId", "runId", "type"} {
		_, isText := host[name].(string)
		isObject = isObject && isText
	}
	if !isObject {
		j.bad("statement_missing")
		return
	}
	p := c.policy
	within := func(name string) time.Duration { return time.Duration(numberIn(p, name)) * time.Millisecond }
	asksMore := c.breakGlass || body["executeBy"] != nil ||
		c.decideBy.After(c.submittedAt.Add(within("decideWithinMs"))) ||
		numberIn(body, "executeWithinMs") > numberIn(p, "executeWithinMs")
	// Nobody has seen a token of theirs.
	by := c.requesterMembers
	asHost := object{"issuer": by["issuer"], "subject": by["subject"], "name": by["subject"], "roles": []any{"requester"}, "groups": []any{},
		"authentication": object{"methods": []any{"workflow"}, "at": nil},
		"vouchedBy":      object{"namespace": host["namespace"], "type": host["type"], "workflowId": host["workflowId"]}}
	if asksMore || !equal(by, asHost) {
		j.bad("requested_otherwise")
	}
}

// brokenBy judges that the glass is broken by somebody whom the policy names for that, and for a reason that it names.
func (j *judge) brokenBy(c *change) {
	if !c.breakGlass {
		return
	}
	rule := objectOr(c.policy, "breakGlass")
	d := &decision{by: c.requester, tokens: textsIn(c.requesterMembers, "groups"), listsAll: true}
	isNamed := false
	if rule != nil {
		for _, group := range textsIn(rule, "groups") {
			isNamed = isNamed || c.isIn(d, c.requester, group)
		}
		said := strings.ToLower(strings.TrimSpace(textIn(c.request, "justification")))
		reasons := textsIn(rule, "reasons")
		isReason := len(reasons) == 0
		for _, reason := range reasons {
			isReason = isReason || strings.HasPrefix(said, strings.ToLower(reason))
		}
		isNamed = isNamed && isReason
	}
	if !isNamed {
		j.bad("break_glass_not_allowed")
	}
}

// opened judges that no other change is open on the target, or under the ticket.
func (j *judge) opened(c *change) {
	for _, other := range j.order {
		if other != c && other.phase != "closed" && other.target == c.target {
			j.bad("target_taken")
			break
		}
	}
	if ticket := objectOr(c.request, "ticket"); ticket != nil && c.ticketRule() != nil {
		j.takeTicket(c, textIn(ticket, "system"), textIn(ticket, "id"))
	}
}

// takeTicket judges that no other open change has a ticket.
func (j *judge) takeTicket(c *change, system, name string) {
	key := system + "\n" + name
	for _, other := range j.order {
		if other != c && other.phase != "closed" && has(other.tickets, key) {
			j.bad("ticket_taken")
			return
		}
	}
	c.tickets = append(c.tickets, key)
}

// answerable is who answers for a request: who has issued the token, of a machine.
func (c *change) answerable() person {
	if c.issuedBy != nil {
		return *c.issuedBy
	}
	return c.requester
}

// owed judges that whoever breaks the glass has no such change open and owes no review.
func (j *judge) owed(c *change) {
	if !c.breakGlass {
		return
	}
	for _, other := range j.order {
		isOpen := other.phase != "closed"
		if other != c && other.breakGlass && other.answerable() == c.answerable() && (isOpen || other.review == "owed") {
			j.bad("review_owed")
			return
		}
	}
}
