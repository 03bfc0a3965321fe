package main

import "time"

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
		j.token(c, c.submittedAt)
	} else {
		j.host(c, body)
	}
	j.owed(c)
	c.roundBegan = c.submittedAt
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
